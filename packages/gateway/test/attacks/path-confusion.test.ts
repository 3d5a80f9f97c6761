// Paths that two parsers read differently: the route that is authorised is the route that is asked, or nothing is.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { buildRequirement } from '../support/requirements.ts'
import { createTestProxy, type TestProxy } from '../support/test-proxy.ts'
import { createTestUpstream, type TestUpstream } from '../support/test-upstream.ts'

const ADMIN = buildRequirement({ roles: ['admin'] })

suite('a confusing path', () => {
  let upstream: TestUpstream
  let proxy: TestProxy

  before(async () => {
    upstream = await createTestUpstream()
    proxy = await createTestProxy({
      upstream: upstream.origin,
      routes: [
        { path: '/*', methods: null, require: 'none' },
        { path: '/public/*', methods: null, require: 'none' },
        { path: '/admin/*', methods: null, require: ADMIN },
        { path: '/api/agent/*', methods: ['GET', 'POST'], require: 'none', rewrite: '/v1/agent/*' },
      ],
    })
  })
  after(async () => {
    await upstream.close()
    await proxy.close()
  })

  async function ask(requestLine: string, lines: readonly string[] = []): Promise<number> {
    const asked = upstream.received.length
    const answer = await sendRaw(proxy.port, buildRaw(requestLine, [`Host: ${proxy.host}`, ...lines]))
    if (answer.status >= 400) assert.equal(upstream.received.length, asked, 'a refused request reached the upstream')
    return answer.status
  }

  const refused: readonly [string, string][] = [
    ['CVE-2023-33189', '/public/..%2fadmin'],
    ['CVE-2023-33189', '/public/%2e%2e/admin'],
    ['CVE-2023-33189', '//admin'],
    ['CVE-2023-33189', '/admin;x'],
    ['CVE-2023-33189', '/Admin'],
    ['CVE-2023-33189', '/public\\..\\admin'],
    ['CVE-2021-29492', '/public%2f..%2fadmin'],
    ['CVE-2021-29492', '/public%5c..%5cadmin'],
    ['CVE-2026-33494', '/public/../admin/secrets'],
    ['CVE-2026-42274', '/user/%2e%2e%2fadmin'],
    ['CVE-2026-42272', '/public%2Fx'],
    ['CVE-2026-42272', '/public%2fx'],
    ['CVE-2026-41059', '/foo/secret#/bar'],
    ['CVE-2023-47106', '/public#/admin'],
    ['CVE-2026-3872', '/public/..;/admin'],
    ['CVE-2025-66490', '/public/%2e%2e%2fadmin'],
    ['CVE-2025-66490', '/public/.%2e/admin'],
    ['CVE-2025-66490', '/%61dmin'],
    ['CVE-2025-66490', '/public/%252e%252e/admin'],
    ['CVE-2026-48020', '/public/./../admin'],
    ['CVE-2026-48020', '/public/%2e/admin/..'],
    ['CVE-2026-65600', '/public//admin'],
    ['CVE-2026-65600', '/ADMIN/'],
    ['CVE-2026-48794', '/%ef%bd%81dmin'],
    ['rou3 double slash', '//public'],
    ['checklist 14', '/@evil.example/../x'],
    ['checklist 14', '/\\evil.example'],
    ['checklist 14', '//evil.example/x'],
    ['checklist 14', 'http://evil.example/x'],
    ['checklist 14', 'http://127.0.0.1/admin'],
    ['checklist 14', '/x%00'],
    ['checklist 14', '/x%0d%0aHost:%20evil.example'],
    ['malformed URI fails closed, GHSA-68wm', '/%zz'],
    ['malformed URI fails closed, GHSA-68wm', '/%'],
    ['malformed URI fails closed, GHSA-68wm', '/%c0%af'],
  ]
  for (const [id, path] of refused) {
    test(`${JSON.stringify(path)} is 400 (${id})`, async () => assert.equal(await ask(`GET ${path}`), 400))
  }

  test('* is 400, for OPTIONS as well (checklist 14)', async () => assert.equal(await ask('OPTIONS *'), 400))

  test('the query decides nothing (CVE-2025-54576, CVE-2026-32811)', async () => {
    assert.equal(await ask('GET /private/sensitive?path=/public/status'), 200)
    assert.equal(upstream.received.at(-1)!.target, '/private/sensitive?path=/public/status')
    assert.equal(await ask('DELETE /api/agent/x?method=GET'), 405)
  })

  test('an encoded # is matched and asked as it came (CVE-2026-41059)', async () => {
    assert.equal(await ask('GET /api/agent/secret%23/bar'), 200)
    assert.equal(upstream.received.at(-1)!.target, '/v1/agent/secret%23/bar')
  })

  test('X-Forwarded-Uri, X-Original-URL and X-Rewrite-URL choose no route and go no further (CVE-2026-40575)', async () => {
    const lines = [
      'X-Forwarded-Uri: /admin',
      'X-Original-URL: /admin',
      'X-Rewrite-URL: /admin',
      'X-Forwarded-Prefix: /admin',
    ]
    assert.equal(await ask('GET /public/x', lines), 200)
    const { target, headers } = upstream.received.at(-1)!
    assert.equal(target, '/public/x')
    const names = Object.keys(headers).filter((name) => /uri|url|prefix/.test(name))
    assert.deepEqual(names, [])
  })

  test('no User-Agent opens a path (CVE-2026-34457)', async () => {
    const strict = await createTestProxy({
      upstream: upstream.origin,
      routes: [{ path: '/public/*', methods: null, require: 'none' }],
    })
    const lines = [`Host: ${strict.host}`, 'User-Agent: GoogleHC/1.0']
    assert.equal((await sendRaw(strict.port, buildRaw('GET /admin', lines))).status, 404)
    await strict.close()
  })

  for (const method of ['PUT', 'PROPFIND', 'TRACE', 'OPTIONS']) {
    test(`${method} is 405 where a route lists GET and POST, whatever a shorter one takes (CVE-2020-14359)`, async () => {
      assert.equal(await ask(`${method} /api/agent/x`), 405)
    })
  }

  for (const method of ['get', 'gEt', 'FOO', 'GETT', 'GET\tX']) {
    test(`${JSON.stringify(method)} is no method at all (CVE-2020-14359)`, async () => {
      assert.equal(await ask(`${method} /api/agent/x`), 400)
    })
  }

  test('a method override changes nothing upstream', async () => {
    assert.equal(
      await ask('POST /api/agent/x', [
        'X-HTTP-Method-Override: DELETE',
        'X_Method_Override: DELETE',
        'Content-Length: 0',
      ]),
      200,
    )
    assert.deepEqual(
      Object.keys(upstream.received.at(-1)!.headers).filter((name) => name.includes('override')),
      [],
    )
  })

  test('a redirect of the upstream is not followed (checklist 17)', async () => {
    upstream.answer((_message, response) => response.writeHead(302, { location: 'http://evil.example/' }).end())
    const asked = upstream.received.length
    assert.equal(await ask('GET /public/x'), 302)
    assert.equal(upstream.received.length, asked + 1)
  })
})
