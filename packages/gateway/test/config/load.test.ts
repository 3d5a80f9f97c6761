import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig, readConfig } from '../../src/config/load.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { configOf, HEAD, summaryOf } from './support.ts'

test('a short file gets every default', () => {
  const config = configOf(HEAD)
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 4000 })
  assert.deepEqual(config.operator, { listen: { host: '127.0.0.1', port: 4001 }, probes: null, tokenFile: null })
  assert.deepEqual(config.frontends, [
    { origin: 'https://app.example.com', realm: 'main', home: '/', isCrossSite: false },
  ])
  assert.equal(config.loginRealm, 'main')
  assert.deepEqual(config.realms.main?.scopes, ['openid', 'profile', 'email'])
  assert.equal(config.tenant, null)
  assert.deepEqual(config.internalTokens, { algorithm: 'RS256', lifeSeconds: 60 })
  assert.equal(config.limit, null)
  assert.deepEqual(config.login.limit, { requests: 600, windowSeconds: 60, burst: 200, by: 'ip', isShared: false })
  assert.deepEqual(config.refresh, { marginSeconds: 30, waitSeconds: 5, ahead: false, concurrency: 16 })
  assert.deepEqual(config.logout, { inFlight: 'finish' })
  assert.equal(config.session.cacheSeconds, 30)
  assert.equal(config.session.staleSeconds, 60)
  assert.equal(config.session.verifySeconds, null)
  assert.equal(config.session.maxPerUser, null)
  assert.equal(config.session.idleSeconds, 1800)
  assert.equal(config.session.absoluteSeconds, 43_200)
  assert.equal(config.realms.main?.timeoutSeconds, 5)
  assert.deepEqual(config.routes, [])
})

test('paths of files start at the folder of the configuration', () => {
  const config = configOf(`${HEAD}operator: { tokenFile: token }`, { folder: '/srv/app' })
  assert.deepEqual(config.session.store, { kind: 'sqlite', path: '/srv/app/.doorman/doorman.db' })
  assert.deepEqual(config.keys, [{ kind: 'file', path: '/srv/app/.doorman/keys' }])
  assert.equal(config.operator.tokenFile, '/srv/app/token')
})

test('a sealing key may stand in a variable, and in a file that is read by the ring itself', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'ring'), 'a key')
  const config = configOf(`${HEAD}keys: ["\${OLD}", "\${file:ring}"]`, { env: { OLD: 'key' }, folder })
  assert.deepEqual(config.keys, [
    { kind: 'text', keys: ['key'] },
    { kind: 'file', path: join(folder, 'ring') },
  ])
})

test('a ring that is absent is refused beside another one, and made when it stands alone', () => {
  const folder = temporaryFolder()
  assert.deepEqual(summaryOf(`${HEAD}keys: [key, "\${file:ring}"]`, { folder }), ['9:13 contradiction keys[1]'])
  assert.deepEqual(summaryOf(`${HEAD}keys: ["\${file:ring}"]`, { folder }), [])
})

test('a store in memory and IPv6 are understood', () => {
  const config = configOf(
    `${`${HEAD}session: { store: memory, idle: 500ms }\n`.replace('500ms', '90s')}listen: "[::1]:0"`,
  )
  assert.deepEqual(config.session.store, { kind: 'memory' })
  assert.equal(config.session.idleSeconds, 90)
  assert.deepEqual(config.listen, { host: '::1', port: 0 })
})

test('a route inherits the credential of its service unless it has its own', () => {
  const routes = `routes:
  - { path: "/a/*", service: reports, require: { roles: [admin] }, methods: [GET], timeout: 120s, page: false }
  - { path: "/b", service: reports, require: none, credential: none }
  - { path: "/c", service: reports, require: { login: false }, credential: none }
`
  const [a, b, c] = configOf(HEAD + routes).routes
  assert.deepEqual(a, {
    path: '/a/*',
    service: 'reports',
    methods: ['GET'],
    rewrite: null,
    require: {
      login: true,
      via: ['session'],
      realms: ['main'],
      roles: ['admin'],
      allRoles: [],
      clientRoles: {},
      scopes: [],
      groups: [],
      tenant: false,
      claims: {},
      acr: [],
      maxAgeSeconds: null,
    },
    limit: null,
    credential: { kind: 'accessToken' },
    page: false,
    upgrade: [],
    timeoutSeconds: 120,
  })
  assert.deepEqual([b?.require, b?.credential, b?.methods], ['none', { kind: 'none' }, null])
  assert.equal(c?.require, 'none')
})

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const withKey = (algorithm: string) =>
  HEAD.replace('{ secret: s3cret }', `{ privateKey: "\${KEY}", algorithm: ${algorithm} }`)

test('a private key is taken as PEM and as JWK', () => {
  for (const KEY of [PEM, JSON.stringify(privateKey.export({ format: 'jwk' }))]) {
    const auth = configOf(withKey('ES256'), { env: { KEY } }).realms.main?.clientAuth
    assert.deepEqual(auth, { kind: 'privateKey', privateKey: KEY, algorithm: 'ES256', keyId: null })
  }
})

test('a private key of another algorithm is refused', () => {
  for (const algorithm of ['RS256', 'ES384', 'EdDSA']) {
    const told = summaryOf(withKey(algorithm), { env: { KEY: PEM } })
    assert.deepEqual(told, ['6:31 value realms.main.clientAuth.privateKey'])
  }
})

test('a CA bundle must be there and hold a certificate', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'empty.pem'), 'nothing')
  writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n')
  assert.deepEqual(configOf(`${HEAD}tls: { ca: [ca.pem] }`, { folder }).tls.ca, [join(folder, 'ca.pem')])
  assert.deepEqual(summaryOf(`${HEAD}tls: { ca: [empty.pem, absent.pem] }`, { folder }), [
    '9:13 contradiction tls.ca[0]',
    '9:24 contradiction tls.ca[1]',
  ])
})

test('a file that cannot be read is a problem of its own', () => {
  const reading = readConfig(join(temporaryFolder(), 'doorman.yaml'), {})
  assert.deepEqual(reading.kind === 'invalid' && reading.problems.map(({ kind }) => kind), ['file'])
})

test('loading throws ERR_CONFIG_INVALID with all problems', () => {
  const file = join(temporaryFolder(), 'doorman.yaml')
  writeFileSync(file, `${HEAD}a: 1\nb: 2\n`)
  assert.throws(
    () => loadConfig(file, {}),
    (error) => isGatewayError(error, 'ERR_CONFIG_INVALID') && String(error.detail.problems).split('\n').length === 2,
  )
})
