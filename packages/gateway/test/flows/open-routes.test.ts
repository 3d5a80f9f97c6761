// Routes that are open to everybody: no credential is made for nobody, and what somebody brings is not passed on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { askGateway, cookieOf, decode, statusOf } from '../support/flow.ts'
import { REALMS, SERVICES, setPairStage, testPairOnBothFronts, tokenSent } from '../support/pair-stage.ts'

const ROUTES = `
  - { path: "/agent/*", service: agent, require: { login: true } }
  - { path: "/open/*", service: feed, require: none }
  - { path: "/open-agent/*", service: agent, require: none, credential: none }
  - { path: "/jobs/*", service: jobs, require: none }
  - { path: "/robots/*", service: robots, require: none }
`

testPairOnBothFronts(
  'nobody gets a token in anybody’s name, and who is logged in gets none there either',
  async (stage) => {
    const alice = await stage.loggedIn()
    for (const browser of [stage.browser(), alice]) {
      for (const path of ['/open/x', '/open-agent/x']) {
        assert.equal(await statusOf(stage, browser, path), 200)
        assert.equal(tokenSent(stage), undefined)
        const { cookie, ...headers } = stage.upstream.received.at(-1)?.headers ?? {}
        assert.equal(cookie, undefined)
        assert.doesNotMatch(JSON.stringify(headers), /eyJ[\w-]+\./)
      }
    }
  },
  { routes: ROUTES },
)

testPairOnBothFronts(
  'a service behind an open route may receive the gateway’s own token, one for all',
  async (stage) => {
    const alice = await stage.loggedIn()
    for (const [service, issuer, client] of [
      ['jobs', stage.realm.issuer, 'web-gateway'],
      ['robots', stage.models.issuer, 'model-robot'],
    ] as const) {
      const tokens = []
      for (const browser of [stage.browser(), stage.browser(), alice]) {
        assert.equal(await statusOf(stage, browser, `/${service}/x`), 200)
        tokens.push(tokenSent(stage))
      }
      assert.equal(new Set(tokens).size, 1)
      assert.partialDeepStrictEqual(decode(tokens[0] ?? ''), { iss: issuer, client_id: client })
    }
  },
  { routes: ROUTES },
)

test('what somebody brings to an open route stays outside', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  assert.equal(await statusOf(stage, alice, '/agent/x'), 200)
  const internal = `Bearer ${tokenSent(stage)}`
  for (const headers of [
    { authorization: internal },
    { authorization: 'Basic YWxpY2U6eA==' },
    { cookie: cookieOf(stage, alice) },
  ]) {
    assert.equal((await askGateway(stage, '/open/x', { headers: headers as Record<string, string> })).status, 200)
    assert.equal(tokenSent(stage), undefined)
    assert.equal(stage.upstream.received.at(-1)?.headers.cookie, undefined)
  }
  assert.equal((await askGateway(stage, '/jobs/x', { headers: { authorization: internal } })).status, 200)
  assert.notEqual(tokenSent(stage), internal.slice('Bearer '.length))
})

for (const service of ['agent', 'reports', 'billing', 'grants', 'models']) {
  test(`a configuration that would send a person’s credential for nobody is refused: ${service}`, () => {
    const yaml = `
publicUrl: http://localhost:4000
realms: ${REALMS}
services: ${SERVICES}
routes:
  - { path: "/x/*", service: ${service}, require: none }`
    const env = {
      MAIN: 'http://localhost:1/realms/main',
      MAIN_BACK: 'http://localhost:1',
      MODELS: 'http://localhost:2/realms/models',
      MODELS_BACK: 'http://localhost:2',
      UPSTREAM: 'http://localhost:3',
    }
    const reading = parseConfig(yaml, { file: 'doorman.yaml', env, folder: '.' })
    assert.equal(reading.kind, 'invalid')
    assert.deepEqual(reading.kind === 'invalid' ? reading.problems.map(({ key }) => key) : [], ['routes[0].require'])
  })
}
