// What the public listener must not answer, and what an answer to a stranger must not hold.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { buildReply } from '../../src/http/reply.ts'
import { createOperator } from '../../src/operator/endpoints.ts'
import { askGateway, cookieOf } from '../support/flow.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { openStage, type Stage } from '../support/stage.ts'

const SECRET_PAGE = 'the page that only members may read'

let everything: Stage

before(async () => {
  everything = await openStage({
    front: 'direct',
    routes: `
  - { path: "/private/*", service: api, require: { login: true } }
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/*", service: api, require: none, credential: none }
`,
  })
})
after(() => everything.close())

/** The status, and whether a service heard of the request. */
async function ask(path: string, headers: Readonly<Record<string, string>> = {}) {
  const heard = everything.upstream.received.length
  const { status } = await askGateway(everything, path, { headers })
  return { status, isForwarded: everything.upstream.received.length > heard }
}

const OWN_PATHS = [
  '/auth',
  '/auth/',
  '/auth/verify',
  '/auth/backchannel-logout/',
  '/auth/sessions/all',
  '/auth/events/',
  '/auth/token/models',
  '/auth/login/',
  '/AUTH/login',
  '/auth/Callback?code=a&state=b',
  '/%61uth/login',
  '/auth/logi%6e',
]
for (const path of OWN_PATHS) {
  test(`${path} stays the gateway's own beside a route for everything (CVE-2026-48794)`, async () => {
    assert.deepEqual(await ask(path), { status: 404, isForwarded: false })
  })
}

for (const path of ['/debug/pprof/', '/metrics', '/healthz', '/readyz', '/admin', '/sessions']) {
  test(`${path} of the operator is not on the public listener (CVE-2022-24797)`, async () => {
    const stage = everything
    const { port } = stage.gateways[0]!.publicAddress
    const { body } = await sendRaw(port, buildRaw(`GET ${path}`, [`Host: ${new URL(stage.publicUrl).host}`]))
    assert.doesNotMatch(body, /doorman_|heap|"status":"(?:alive|ready)"/)
  })
}

test('a stranger gets no byte of the page behind the login (CVE-2025-31492)', async () => {
  everything.upstream.answer((message, response) => message.resume().on('end', () => response.end(SECRET_PAGE)))
  const heard = everything.upstream.received.length
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
  for (const headers of [navigation, { accept: 'application/json' }, { accept: 'text/html' }]) {
    const answer = await askGateway(everything, '/private/x', { headers })
    assert.doesNotMatch(answer.body, /members/)
  }
  assert.equal(everything.upstream.received.length, heard)
})

test('a warm session that may use one route still needs the role of another (CVE-2021-32701)', async () => {
  const alice = { cookie: cookieOf(everything, await everything.loggedIn('alice')) }
  assert.equal((await ask('/private/x', alice)).status, 200)
  assert.deepEqual(await ask('/admin/x', alice), { status: 403, isForwarded: false })
  assert.equal((await ask('/private/x', alice)).status, 200)
})

test('a public route carries no credential, whoever is logged in (Oathkeeper issue 669)', async () => {
  const cookie = cookieOf(everything, await everything.loggedIn())
  await ask('/open', { cookie, authorization: 'Bearer forged' })
  const { headers } = everything.upstream.received.at(-1)!
  assert.deepEqual([headers.authorization, headers.cookie], [undefined, undefined])
})

test('a bearer token opens neither a route of a session nor anything of the operator (CVE-2024-47616)', async () => {
  await ask('/private/x', { cookie: cookieOf(everything, await everything.loggedIn('carol')) })
  const { authorization = '' } = everything.upstream.received.at(-1)!.headers
  assert.match(authorization, /^Bearer eyJ/)
  assert.deepEqual(await ask('/private/x', { authorization }), { status: 401, isForwarded: false })
  assert.deepEqual(await ask('/admin/x', { authorization }), { status: 401, isForwarded: false })
  const metrics = { path: '/metrics', method: 'GET', access: 'metrics', answer: () => buildReply(200) } as const
  const operator = createOperator([metrics], 'the-token-of-the-operator')
  const request = {
    method: 'GET',
    path: '/metrics',
    headers: { authorization },
    clientAddress: '',
    query: new URLSearchParams(),
    readBody: async () => '',
  }
  assert.equal((await operator(request)).status, 401)
})

test('a service that fails leaves its credential nowhere else (CVE-2026-41181)', async () => {
  const cookie = cookieOf(everything, await everything.loggedIn())
  const heard = everything.upstream.received.length
  everything.upstream.answer((message) => message.socket.destroy())
  const answer = await askGateway(everything, '/private/x', { headers: { cookie } })
  assert.equal(answer.status, 502)
  assert.doesNotMatch(JSON.stringify(answer), /eyJ[\w-]+\.|Bearer/)
  assert.equal(everything.upstream.received.length, heard + 1)
})

test('no page of another origin gets a redirect that holds a token (CVE-2021-29651)', async () => {
  const cookie = cookieOf(everything, await everything.loggedIn())
  const answer = await askGateway(everything, '/auth/login?return_to=https://evil.example', { headers: { cookie } })
  assert.deepEqual([answer.status, answer.headers.location], [303, '/'])
})
