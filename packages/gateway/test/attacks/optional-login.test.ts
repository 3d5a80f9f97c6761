// Pages for everybody beside pages for some: nobody gets by the one what belongs to the other.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { askGateway, cookieOf, setStage } from '../support/flow.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { sayOk } from '../support/test-upstream.ts'

const ROUTES = `
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/mine/*", service: api, require: { login: true } }
  - { path: "/few/*", service: api, require: { login: optional }, limit: { rate: 2/min, by: user } }
  - { path: "/*", service: api, require: { login: optional } }
`

test('no cache gives the page of one person to another, or to a stranger (checklist 172)', async (t) => {
  const stage = await setStage(t, { routes: ROUTES })
  const cookie = cookieOf(stage, await stage.loggedIn())
  const sent = {
    'cache-control': 'public, s-maxage=60, max-age=60',
    vary: 'Accept-Encoding',
    'cdn-cache-control': 'max-age=60',
    'cloudflare-cdn-cache-control': 'max-age=60',
    'surrogate-control': 'max-age=60',
    'edge-control': 'cache-maxage=60s',
    'x-accel-expires': '60',
    'x-litespeed-cache-control': 'public,max-age=60',
  }
  stage.upstream.answer((_message, response) => response.writeHead(200, sent).end())
  for (const headers of [{}, { cookie }]) {
    const answer = await askGateway(stage, '/page', { headers })
    const told = Object.entries(answer.headers).filter(([name]) => /cache|control|expires|vary/.test(name))
    assert.deepEqual(Object.fromEntries(told), {
      'cache-control': 'private, max-age=60',
      vary: 'Accept-Encoding, Cookie, Authorization',
    })
  }
  assert.equal((await askGateway(stage, '/mine/x', { headers: { cookie } })).headers.vary, 'Accept-Encoding')
})

test('a session whose record somebody has put in the place of another is no stranger’s', async (t) => {
  const stage = await setStage(t, { routes: ROUTES })
  const cookies = [cookieOf(stage, await stage.loggedIn()), cookieOf(stage, await stage.loggedIn('bob'))]
  const database = new DatabaseSync(join(stage.folder, 'store/doorman.db'))
  database.exec(`CREATE TEMP TABLE was AS SELECT key, sealed FROM session;
    UPDATE session SET sealed = (SELECT was.sealed FROM was WHERE was.key <> session.key)`)
  database.close()
  await stage.restart(0)
  stage.upstream.forget()
  for (const cookie of cookies) {
    assert.equal((await askGateway(stage, '/page', { headers: { cookie } })).status, 401)
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('no way to write a path leads from public pages to guarded ones, whoever asks (CVE-2023-33189)', async (t) => {
  const stage = await setStage(t, { routes: ROUTES })
  const cookie = `Cookie: ${cookieOf(stage, await stage.loggedIn())}`
  const { port } = stage.gateways[0]!.publicAddress
  const paths = [
    '/admin/x',
    '/admin',
    '/Admin/x',
    '/%61dmin/x',
    '/ADMIN',
    '/admin;/x',
    '/x/../admin/x',
    '/x/%2e%2e/admin/x',
    '/x%2f..%2fadmin/x',
    '//admin/x',
    '/x\\..\\admin/x',
    '/admin%2fx',
    '/%EF%BD%81dmin/x',
    '/Auth/user',
    '/auth/userx',
  ]
  stage.upstream.forget()
  for (const path of paths) {
    for (const lines of [[], [cookie]]) {
      const host = `Host: ${new URL(stage.publicUrl).host}`
      const { status } = await sendRaw(port, buildRaw(`GET ${path}`, [host, ...lines]))
      assert.ok(status >= 400, `${path}: ${status}`)
    }
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('no header takes the credential off who is logged in, or switches the application’s own checks off', async (t) => {
  const stage = await setStage(t, { routes: ROUTES })
  const cookie = cookieOf(stage, await stage.loggedIn())
  const { port } = stage.gateways[0]!.publicAddress
  stage.upstream.forget()
  const lines = [
    `Host: ${new URL(stage.publicUrl).host}`,
    `Cookie: ${cookie}`,
    'Connection: Authorization, Cookie, Forwarded, Sec-Fetch-Site',
    'Authorization: Basic eDp4',
    // CVE-2025-29927: Next.js skipped its middleware for whoever sent this.
    'X-Middleware-Subrequest: middleware:middleware:middleware:middleware:middleware',
    'X_Middleware_Subrequest: src/middleware',
  ]
  assert.equal((await sendRaw(port, buildRaw('GET /page', lines))).status, 200)
  const [received] = stage.upstream.received
  assert.match(received!.headers.authorization ?? '', /^Bearer ey/)
  assert.ok(received!.headers.forwarded)
  assert.doesNotMatch(received!.rawHeaders.join(), /middleware/i)
})

test('strangers use up the limit of their address alone', async (t) => {
  const stage = await setStage(t, { routes: ROUTES })
  const cookie = cookieOf(stage, await stage.loggedIn())
  stage.upstream.answer(sayOk)
  const ask = async (headers: Readonly<Record<string, string>>) =>
    (await askGateway(stage, '/few/x', { headers })).status
  const twice = { cookie: `${cookie}; ${cookie}` }
  assert.deepEqual([await ask({}), await ask(twice), await ask({}), await ask(twice)], [200, 200, 429, 429])
  assert.deepEqual([await ask({ cookie }), await ask({ cookie }), await ask({ cookie })], [200, 200, 429])
})
