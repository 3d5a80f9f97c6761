// Each kind of credential against the real thing.
import assert from 'node:assert/strict'
import { generateKeyPairSync, type JsonWebKey, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KEYCLOAK_ADMIN } from '@doorman/dev-realm/keycloak'
import { isProvisionError } from '../../src/errors.ts'
import type { AdminCredential } from '../../src/keycloak/realm-admin.ts'
import { createTestRealm, type TestRealm } from '../support/provisioner.ts'

const SUBJECT = 'system:serviceaccount:doorman:provisioner'

let realm: TestRealm
before(async () => {
  realm = await createTestRealm()
})
after(() => realm.close())

test('a secret with characters that a header cannot hold is taken', async () => {
  const account = await realm.createAccount(['view-clients'], { secret: 'p%41:+ &=ü' })
  assert.ok((await realm.admin({ ...account, secret: 'p%41:+ &=ü' }).clients.list()).length > 0)
})

test('a wrong secret, an unknown client and a service account that is off are told apart by Keycloak’s names', async () => {
  const account = await realm.createAccount(['view-clients'])
  const off = await realm.createAccount([], { serviceAccountsEnabled: true })
  const [client] = await realm.get<readonly { readonly id: string }[]>(`clients?clientId=${off.clientId}`)
  await realm.put(`clients/${client!.id}`, { clientId: off.clientId, serviceAccountsEnabled: false })
  await rejectsWith({ ...account, secret: 'wrong' }, 'unauthorized_client')
  await rejectsWith({ ...account, clientId: 'nobody' }, 'invalid_client')
  await rejectsWith(off, 'unauthorized_client')
})

test('a realm that is not there is unknown', async () => {
  const admin = realm.admin(
    { kind: 'secret', clientId: 'a', secret: 'b' },
    { issuer: `${realm.url}/realms/${randomUUID()}` },
  )
  await assert.rejects(admin.clients.list(), (error) => isProvisionError(error, 'ERR_REALM_UNKNOWN'))
})

test('the administrator of master finds a realm that is not there unknown, too', async () => {
  const credential = { kind: 'password', realm: 'master', clientId: 'admin-cli', ...KEYCLOAK_ADMIN } as const
  const admin = realm.admin(credential, { issuer: `${realm.url}/realms/${randomUUID()}` })
  for (const call of [
    admin.clients.list,
    admin.scopes.list,
    admin.roles.list,
    admin.settings,
    admin.policies.profiles,
  ]) {
    await assert.rejects(call(), (error) => isProvisionError(error, 'ERR_REALM_UNKNOWN'))
  }
})

test('a realm that the file calls by another name than its own is refused, with both names', async () => {
  const account = await realm.createAccount(['view-clients'])
  const issuer = `https://sso.example.com/realms/${realm.realm}`
  await assert.rejects(realm.admin(account, { issuer }).clients.list(), (error) => {
    assert.ok(isProvisionError(error, 'ERR_ADMIN_CREDENTIAL'))
    assert.deepEqual(error.detail, { reason: 'issuer', expected: issuer, found: realm.issuer })
    return true
  })
})

test('the password of a temporary administrator opens the realm', async () => {
  const credential = { kind: 'password', realm: 'master', clientId: 'admin-cli', ...KEYCLOAK_ADMIN } as const
  assert.equal((await realm.admin(credential).settings()).realm, realm.realm)
  await rejectsWith({ ...credential, password: 'wrong' }, 'invalid_grant')
})

test('a private key opens the realm, in each form and with each algorithm', async (t) => {
  const pairs = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    EdDSA: generateKeyPairSync('ed25519'),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    PS384: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }
  for (const [algorithm, { publicKey, privateKey }] of Object.entries(pairs)) {
    await t.test(algorithm, async () => {
      const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: algorithm }
      const { clientId } = await realm.createAccount(['view-clients'], keyClient([jwk]))
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      const json = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'key-1' })
      const parts = { kind: 'privateKey', clientId, algorithm } as const
      const admin = realm.admin({ ...parts, privateKey: pem, keyId: 'key-1' })
      assert.ok((await admin.clients.list()).length > 0)
      assert.ok((await realm.admin({ ...parts, privateKey: json, keyId: null }).clients.list()).length > 0)
    })
  }
})

test('a key that Keycloak does not know, and one that does not fit, are refused', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: 'ES256' }
  const { clientId } = await realm.createAccount([], keyClient([jwk]))
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const parts = { kind: 'privateKey', clientId, keyId: 'key-2' } as const
  await rejectsWith({ ...parts, privateKey: pem, algorithm: 'ES256' }, 'invalid_client')
  await rejectsWith({ ...parts, privateKey: pem, algorithm: 'RS256' }, 'key')
  await rejectsWith({ ...parts, privateKey: 'no key', algorithm: 'ES256' }, 'key')
})

test('the token of a Kubernetes service account opens the realm, and is read anew for each token', async (t) => {
  const cluster = await startCluster()
  const folder = await mkdtemp(join(tmpdir(), 'doorman-token-'))
  t.after(async () => {
    cluster.server.close()
    await rm(folder, { recursive: true })
  })
  const config = { issuer: cluster.issuer }
  await realm.post('identity-provider/instances', { alias: 'cluster', providerId: 'kubernetes', config })
  const { clientId } = await realm.createAccount(['view-clients'], {
    clientAuthenticatorType: 'federated-jwt',
    attributes: { 'jwt.credential.issuer': 'cluster', 'jwt.credential.sub': SUBJECT },
  })
  const file = join(folder, 'token')
  const credential = { kind: 'kubernetesToken', clientId, file } as const

  await rejectsWith(credential, 'file')
  await writeFile(file, `${cluster.token(SUBJECT)}\n`)
  assert.ok((await realm.admin(credential).clients.list()).length > 0)
  const admin = realm.admin(credential)
  await writeFile(file, cluster.token('system:serviceaccount:doorman:somebody-else'))
  await assert.rejects(admin.clients.list(), (error) => isProvisionError(error, 'ERR_ADMIN_CREDENTIAL'))
  await writeFile(file, cluster.token(SUBJECT))
  assert.ok((await admin.clients.list()).length > 0)
})

function keyClient(keys: readonly JsonWebKey[]) {
  return {
    clientAuthenticatorType: 'client-jwt',
    attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys }) },
  }
}

async function rejectsWith(credential: AdminCredential, reason: string): Promise<void> {
  await assert.rejects(realm.admin(credential).clients.list(), (error) => {
    assert.ok(isProvisionError(error, 'ERR_ADMIN_CREDENTIAL'), String(error))
    assert.equal(error.detail.reason, reason)
    return true
  })
}

/** What a cluster offers to those who check its tokens. */
async function startCluster(): Promise<{
  readonly server: Server
  readonly issuer: string
  token(subject: string): string
}> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'cluster-1', use: 'sig', alg: 'RS256' }]
  const server = createServer((request, response) => {
    const body = request.url === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    server,
    issuer,
    token(subject) {
      const now = Math.floor(Date.now() / 1000)
      const claims = {
        iss: issuer,
        sub: subject,
        aud: [realm.issuer],
        jti: randomUUID(),
        iat: now,
        nbf: now,
        exp: now + 600,
      }
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const signed = `${encode({ alg: 'RS256', kid: 'cluster-1' })}.${encode(claims)}`
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
    },
  }
}
