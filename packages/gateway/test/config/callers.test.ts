import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOf, HEAD, problemsOf, warningsOf } from './support.ts'

const AUTH = 'auth: { secret: a-secret-of-sixteen }'
const WEB = `credential: internal, ${AUTH}`

/** `HEAD` with a service `web` and a service `agent`. */
function services(web: string, agent: string, routes = ''): string {
  const more = `web: { url: "http://web:3000", ${web} }, agent: { url: "http://agent:8000", ${agent} },`
  return HEAD.replace('services: {', `services: { ${more}`) + routes
}

test('nobody may ask for the credential of a service until it names somebody', () => {
  assert.deepEqual(configOf(services(WEB, 'credential: internal')).services.agent?.callers, [])
  assert.deepEqual(configOf(services(WEB, 'credential: internal, callers: [web]')).services.agent?.callers, ['web'])
})

const CALLERS = 'services.agent.callers'
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a caller that is not there', services(WEB, 'credential: internal, callers: [wbe]'), `${CALLERS}[0]`],
  [
    'a caller named like a property of all objects',
    services(WEB, 'credential: internal, callers: [constructor]'),
    `${CALLERS}[0]`,
  ],
  [
    'a caller that cannot prove itself',
    services('credential: internal', 'credential: internal, callers: [web]'),
    `${CALLERS}[0]`,
  ],
  [
    'a caller that is called with nothing to show',
    services(`credential: accessToken, ${AUTH}`, 'credential: internal, callers: [web]'),
    `${CALLERS}[0]`,
  ],
  ['callers of a service that receives nothing', services(WEB, 'credential: none, callers: [web]'), CALLERS],
]

for (const [behaviour, text, key] of REFUSED) {
  test(`refuses ${behaviour}, and says what to write`, () => {
    const problems = problemsOf(text)
    assert.deepEqual(
      problems.map((problem) => [problem.kind, problem.key]),
      [['contradiction', key]],
    )
    if (!behaviour.includes('property')) assert.notEqual(problems[0]?.suggestion, null)
  })
}

test('a caller may be sent internal tokens by a route alone', () => {
  const route = 'routes: [{ path: /web, service: web, require: { login: true }, credential: internal }]\n'
  const text = services(`credential: accessToken, ${AUTH}`, 'credential: internal, callers: [web]', route)
  assert.deepEqual(problemsOf(text), [])
})

test('says nothing of callers whose own credential is not understood', () => {
  const keys = problemsOf(services(`credential: internl, ${AUTH}`, 'credential: internal, callers: [web]'))
  assert.deepEqual(
    keys.map(({ key }) => key),
    ['services.web.credential'],
  )
})

test('warns of callers that receive the gateway’s own token', () => {
  const lent = services(WEB, 'credential: serviceAccount, callers: [web]')
  assert.match(warningsOf(lent)[0] ?? '', / services\.agent\.callers$/)
  assert.deepEqual(warningsOf(services(WEB, 'credential: accessToken, callers: [web]')), [])
})
