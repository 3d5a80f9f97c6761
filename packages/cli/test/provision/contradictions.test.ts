import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigProblem, parseConfig } from '@doorman/gateway'
import { FOR_GATEWAY, FOR_PROVISION } from '../../src/sections.ts'
import { buildFile, models } from '../support/wanted-file.ts'

const PLACE = { file: 'doorman.yaml', env: {}, folder: '/etc/doorman' }

function problemsOf(rest: string, realms = ''): readonly ConfigProblem[] {
  const reading = parseConfig(buildFile({ rest, realms }), PLACE, FOR_PROVISION)
  return reading.kind === 'invalid' ? reading.problems : []
}

function summaryOf(rest: string, realms = ''): readonly string[] {
  return problemsOf(rest, realms).map(({ kind, key, suggestion }) => {
    return `${kind} ${key}${suggestion === null ? '' : ` (${suggestion})`}`
  })
}

/** One entry, with what is wrong in it. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'app: { presett: web }': ['unknown-key clients.app.presett (did you mean preset?)'],
  'app: { preset: wab }': ['value clients.app.preset (did you mean web?)'],
  'app: { realm: mian }': ['contradiction clients.app.realm (did you mean main?)'],
  'app: { preset: web }': ['contradiction clients.app (write redirectUris)'],
  'app: { preset: spa, redirectUris: [] }': ['contradiction clients.app.redirectUris (write redirectUris)'],
  'app: { redirectUris: [https://a.example/] }': [
    'contradiction clients.app.redirectUris (write preset: web, or preset: spa)',
  ],
  'app: { preset: bearer, backchannelLogoutUrl: https://a.example/ }': [
    'contradiction clients.app.backchannelLogoutUrl (write preset: web, or preset: spa)',
  ],
  'app: { preset: bearer, directAccessGrants: true }': [
    'contradiction clients.app.directAccessGrants (write preset: service)',
  ],
  'app: { preset: web, redirectUris: [https://a.example/], serviceAccountRoles: {} }': [
    'contradiction clients.app.serviceAccountRoles (write preset: service)',
  ],
  'app: { preset: spa, redirectUris: [https://a.example/], auth: secret }': [
    'contradiction clients.app.auth (leave auth out, or write preset: web)',
  ],
  'app: { preset: spa, redirectUris: [https://a.example/], rotate: 30d }': [
    'contradiction clients.app.rotate (leave rotate out)',
  ],
  'app: { auth: { privateKey: { jwksUrl: https://a.example/ } }, rotate: 30d }': [
    'contradiction clients.app.rotate (leave rotate out)',
  ],
  'app: { rotate: 2d }': ['contradiction clients.app.rotate (write a shorter provision.overlap)'],
  'app: { preset: spa, redirectUris: [https://a.example/], deliver: [{ envFile: x, shape: otel }] }': [
    'contradiction clients.app.deliver[0].shape (write keys without {{clientSecret}})',
  ],
  'app: { auth: { privateKey: { jwksUrl: https://a.example/ } }, deliver: [{ file: x, template: "{{clientSecret}}" }] }':
    ['contradiction clients.app.deliver[0].template (write keys without {{clientSecret}})'],
  'app: { deliver: [{ envFile: x, shape: oauth2-proxy }] }': [
    'contradiction clients.app.deliver[0].shape (write redirectUris)',
  ],
  'app: { deliver: [{ envFile: x, shape: mlfow }] }': ['value clients.app.deliver[0].shape (did you mean mlflow?)'],
  'app: { deliver: [{ envFile: x }] }': ['contradiction clients.app.deliver[0] (write shape or keys)'],
  'app: { deliver: [{ envFile: x, keys: { client-id: "1" } }] }': [
    'contradiction clients.app.deliver[0].keys.client-id (write letters, digits and _)',
  ],
  'app: { deliver: [{ envFile: x, keys: { A: "{{CLIENT_SECRET}}" } }] }': [
    'contradiction clients.app.deliver[0].keys.A',
  ],
  'app: { deliver: [{ file: x, template: "{{nonsense" }] }': ['contradiction clients.app.deliver[0].template'],
  'app: { deliver: [{ file: x }] }': ['missing clients.app.deliver[0].template'],
  'app: { deliver: [{ kubernetes: { namespaces: [a], name: app, restart: [pod/x] }, shape: generic }] }': [
    'value clients.app.deliver[0].kubernetes.restart[0]',
  ],
  'app: { audiences: [x], mappers: { "audience of x": { type: oidc-audience-mapper } } }': [
    'contradiction clients.app.mappers.audience of x (give it another name)',
  ],
  'app: { redirectUris: ["*"], preset: web }': ['value clients.app.redirectUris[0]'],
  'app: { lifetimes: { accessToken: 5 } }': ['value clients.app.lifetimes.accessToken'],
  'web-gateway: { preset: web }': ['contradiction clients.web-gateway.preset (leave preset out)'],
  'web-gateway: { auth: secret }': ['contradiction clients.web-gateway.auth (write realms.main.clientAuth)'],
  'web-gateway: { enabled: false }': ['contradiction clients.web-gateway.enabled (leave enabled out)'],
  'doorman-apply-lock: {}': ['contradiction clients.doorman-apply-lock (write another one)'],
  'x: { clientId: realm-management }': ['contradiction clients.x.clientId (leave it out)'],
  'app: {}, other: { clientId: app }': ['contradiction clients.other.clientId (write both in one entry)'],
}

for (const [written, expected] of Object.entries(ENTRIES)) {
  test(`clients: { ${written} }`, () => assert.deepEqual(summaryOf(`clients: { ${written} }\n`), expected))
}

const CREDENTIAL = 'credential: { clientId: p, clientAuth: { secret: x } }'

const PROVISION: Readonly<Record<string, readonly string[]>> = {
  [`realms: { mian: { ${CREDENTIAL} } }`]: ['contradiction provision.realms.mian (did you mean main?)'],
  [`realms: { main: { ${CREDENTIAL}, adminUrl: "http://keycloak:8080/realms/x" } }`]: [
    'value provision.realms.main.adminUrl',
  ],
  'realms: { main: {} }': ['missing provision.realms.main.credential'],
  'realms: { main: { credential: { clientId: p, clientAuth: { kubernetsToken: /t } } } }': [
    'unknown-key provision.realms.main.credential.clientAuth.kubernetsToken (did you mean kubernetesToken?)',
  ],
  'concurrency: 0': ['value provision.concurrency'],
  'overlap: 2': ['value provision.overlap'],
}

for (const [written, expected] of Object.entries(PROVISION)) {
  test(`provision: { ${written} }`, () => assert.deepEqual(summaryOf(`provision: { ${written} }\n`), expected))
}

test('a client of a realm that no credential reaches is told where provision names others', () => {
  const realms = models('obtain: clientCredentials')
  const clients = 'clients: { job: { realm: models } }\n'
  assert.deepEqual(summaryOf(clients, realms), [])
  assert.deepEqual(summaryOf(`provision: { realms: { main: { ${CREDENTIAL} } } }\n${clients}`, realms), [
    'contradiction clients.job.realm (write provision.realms.models)',
  ])
})

test('a realm that is none of Keycloak cannot be provisioned', () => {
  const realms = 'other: { issuer: https://idp.example.com, clientId: x, clientAuth: { secret: x }, obtain: login }'
  assert.deepEqual(summaryOf(`provision: { realms: { other: { ${CREDENTIAL} } } }\n`, realms), [
    'contradiction provision.realms.other (leave it out)',
  ])
})

test('the same client id in two realms is two clients', () => {
  const realms = models('obtain: clientCredentials')
  assert.deepEqual(summaryOf('clients: { job: {}, job-of-models: { clientId: job, realm: models } }\n', realms), [])
})

test('each problem comes with its place, however wrong the rest is', () => {
  const rest = 'clients:\n  app:\n    preset: web\n  other: { preset: nonsense }\n  far: { realm: nowhere }\n'
  const places = problemsOf(rest).map(({ line, column, key }) => `${line}:${column} ${key}`)
  assert.deepEqual(places, ['10:5 clients.app', '11:20 clients.other.preset', '12:17 clients.far.realm'])
})

test('the gateway is told of the same problems, but need not have what only the provisioner has', () => {
  const provision = (name: string) =>
    `provision: { realms: { ${name}: { credential: { clientId: p, clientAuth: { secret: "\${NOT_HERE}" } } } } }\n`
  const clients = 'clients: { app: { preset: web, redirectUris: ["${APP_URL}/callback"] } }\n'
  assert.equal(parseConfig(buildFile({ rest: provision('main') + clients }), PLACE, FOR_GATEWAY).kind, 'valid')
  const wrong = parseConfig(buildFile({ rest: provision('mian') + clients }), PLACE, FOR_GATEWAY)
  assert.deepEqual(wrong.kind === 'invalid' && wrong.problems.map(({ key }) => key), ['provision.realms.mian'])
})
