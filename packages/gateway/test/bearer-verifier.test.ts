import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BearerRealm, createBearerVerifier } from '../src/bearer-verifier.ts'

function buildRealm(realm: string, introspect: boolean): BearerRealm & { readonly asked: readonly string[] } {
  const asked: string[] = []
  const issuer = `https://sso.example/realms/${realm}`
  return {
    asked,
    settings: {
      clientId: 'web-gateway',
      introspect,
      clockSkewSeconds: 30,
      idTokenAlgorithms: ['RS256'],
      timeoutSeconds: 5,
    },
    party: {
      realm,
      issuer,
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
      async introspect(token) {
        asked.push(token)
        const end = { iat: 1000, exp: 2000 }
        return {
          active: true,
          iss: issuer,
          sub: 'alice-id',
          aud: 'web-gateway',
          typ: 'Bearer',
          azp: 'app',
          jti: '1',
          ...end,
        }
      },
    },
  }
}

test('an opaque token is asked about at the one realm that introspects', async () => {
  const [main, staff] = [buildRealm('main', true), buildRealm('staff', false)]
  const verdict = await createBearerVerifier([main, staff], () => 1500)('opaque')
  assert.equal(verdict.kind === 'known' && verdict.principal.realm, 'main')
  assert.deepEqual(main.asked, ['opaque'])
})

test('where several realms introspect, an opaque token is shown to none: one of them would learn it from another', async () => {
  const realms = [buildRealm('main', true), buildRealm('staff', true)]
  const verdict = await createBearerVerifier(realms, () => 1500)('opaque')
  assert.equal(verdict.kind === 'refused' && verdict.code, 'ERR_BEARER_INVALID')
  assert.deepEqual(
    realms.flatMap(({ asked }) => asked),
    [],
  )
})
