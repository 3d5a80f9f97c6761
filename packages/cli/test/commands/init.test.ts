import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startDevRealm } from '@doorman/dev-realm'
import { run, stateOf, temporaryFolder } from '../support/command.ts'

const PUBLIC_URL = 'http://localhost:4000'
const SECRET = 'init-test-secret'

const realm = await startDevRealm({
  clients: [
    {
      clientId: 'web-gateway',
      secret: SECRET,
      redirectUris: [`${PUBLIC_URL}/auth/callback`],
      postLogoutRedirectUris: [`${PUBLIC_URL}/auth/logged-out`],
    },
  ],
})
after(() => realm.close())

function files(folder: string): readonly string[] {
  return ['-c', join(folder, 'doorman.yaml'), '--client-file', join(folder, 'client.json')]
}

test('writes a configuration that is right', async () => {
  const folder = temporaryFolder()
  const { exitCode } = await run(['init', '--issuer', realm.issuer, ...files(folder)])
  assert.equal(exitCode, 0)
  const checked = await run(['check', '-c', join(folder, 'doorman.yaml')], { KEYCLOAK_CLIENT_SECRET: SECRET })
  assert.deepEqual([checked.exitCode, checked.err], [0, ''])
})

for (const [publicUrl, listen] of [
  ['http://localhost:4321', '127.0.0.1:4321'],
  ['https://app.example.com', '127.0.0.1:4000'],
  ['https://app.example.com:8443', '127.0.0.1:4000'],
] as const) {
  test(`${publicUrl} is listened for on ${listen}`, async () => {
    const folder = temporaryFolder()
    await run(['init', '--issuer', realm.issuer, '--public-url', publicUrl, ...files(folder)])
    assert.match(readFileSync(join(folder, 'doorman.yaml'), 'utf8'), new RegExp(`^listen: ${listen}$`, 'm'))
  })
}

test('writes a confidential client with its redirect URIs, PKCE and no secret', async () => {
  const folder = temporaryFolder()
  await run(['init', '--issuer', realm.issuer, '--public-url', 'https://app.example.com', ...files(folder)])
  const client = JSON.parse(readFileSync(join(folder, 'client.json'), 'utf8'))
  assert.deepEqual(client.redirectUris, ['https://app.example.com/auth/callback'])
  assert.equal(client.attributes['post.logout.redirect.uris'], 'https://app.example.com/auth/logged-out')
  assert.equal(client.attributes['pkce.code.challenge.method'], 'S256')
  assert.deepEqual([client.publicClient, client.directAccessGrantsEnabled, client.secret], [false, false, undefined])
})

test('finds nothing missing in a realm that knows the client', async () => {
  const env = { KEYCLOAK_CLIENT_SECRET: SECRET }
  const { out, err } = await run(['init', '--issuer', realm.issuer, ...files(temporaryFolder())], env)
  for (const item of ['realm', 'redirect URI', 'post-logout redirect URI', 'secret']) {
    assert.equal(stateOf(out, item), 'ok', out)
  }
  assert.doesNotMatch(err, /Import client|KEYCLOAK_CLIENT_SECRET/)
})

const LACKING: readonly (readonly [string, readonly string[], Record<string, string>])[] = [
  ['redirect URI', ['--public-url', 'http://localhost:4999'], {}],
  ['post-logout redirect URI', ['--public-url', 'http://localhost:4999'], {}],
  ['redirect URI', ['--client-id', 'nobody'], {}],
  ['secret', [], { KEYCLOAK_CLIENT_SECRET: 'another one' }],
  ['realm', ['--issuer', `${realm.issuer}-other`], {}],
]

for (const [item, args, env] of LACKING) {
  test(`says that the realm lacks the ${item} with ${[...args, ...Object.keys(env)].join(' ')}`, async () => {
    const { exitCode, out } = await run(['init', '--issuer', realm.issuer, ...args, ...files(temporaryFolder())], env)
    assert.equal(exitCode, 0)
    assert.equal(stateOf(out, item), 'LACKS', out)
  })
}

test('does not guess at the audience of a client without a service account', async () => {
  const env = { KEYCLOAK_CLIENT_SECRET: SECRET }
  const { out } = await run(['init', '--issuer', realm.issuer, ...files(temporaryFolder())], env)
  assert.equal(stateOf(out, 'audience'), '?')
})

test('never says the secret', async () => {
  const env = { KEYCLOAK_CLIENT_SECRET: SECRET }
  assert.ok(
    !JSON.stringify(await run(['init', '--issuer', realm.issuer, ...files(temporaryFolder())], env)).includes(SECRET),
  )
})

test('leaves files that exist alone', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'client.json'), 'mine')
  const { exitCode } = await run(['init', '--issuer', realm.issuer, ...files(folder)])
  assert.equal(exitCode, 1)
  assert.equal(readFileSync(join(folder, 'client.json'), 'utf8'), 'mine')
  assert.equal((await run(['init', '--issuer', realm.issuer, '--force', ...files(folder)])).exitCode, 0)
})

for (const args of [
  [],
  ['--issuer', 'https://sso.example.com/realms/main/'],
  ['--issuer', 'https://sso.example.com/realms/main', '--public-url', 'http://app.example.com'],
]) {
  test(`writes nothing for init ${args.join(' ')}`, async () => {
    const folder = temporaryFolder()
    assert.equal((await run(['init', ...args, ...files(folder)])).exitCode, 1)
    assert.throws(() => readFileSync(join(folder, 'doorman.yaml')))
  })
}
