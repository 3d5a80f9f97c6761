// Headers from outside that would speak for a person, a proxy or the gateway itself, over the wire.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { createTestProxy, type TestProxy, type TestProxyOptions } from '../support/test-proxy.ts'
import { createTestUpstream, type TestUpstream } from '../support/test-upstream.ts'

const CREDENTIAL = 'Bearer the-real-one'
const GATEWAY_NAMES = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'x-request-id']

suite('a header from outside', () => {
  let upstream: TestUpstream
  let stranger: TestProxy
  let trusted: TestProxy

  before(async () => {
    upstream = await createTestUpstream()
    const options: TestProxyOptions = { upstream: upstream.origin, authorization: CREDENTIAL }
    stranger = await createTestProxy(options)
    trusted = await createTestProxy({ ...options, trustedProxies: ['127.0.0.0/8'] })
  })
  after(async () => {
    await upstream.close()
    await stranger.close()
    await trusted.close()
  })

  /** What arrives beyond what the gateway itself writes, and the whole of it. */
  async function send(proxy: TestProxy, lines: readonly string[]) {
    const answer = await sendRaw(proxy.port, buildRaw('GET /x', [`Host: ${proxy.host}`, ...lines]))
    assert.equal(answer.status, 200)
    const { headers } = upstream.received.at(-1)!
    const others = Object.keys(headers).filter((name) => {
      return ![...GATEWAY_NAMES, 'authorization', 'host', 'connection'].includes(name)
    })
    return { headers, others }
  }

  const identity: readonly [string, readonly string[]][] = [
    ['CVE-2025-64484', ['X_Forwarded_Email', 'X-Forwarded_User', 'x_auth_request_user']],
    ['CVE-2026-39858', ['X_Forwarded_Proto', 'X_Forwarded_For', 'x.forwarded.user']],
    [
      'checklist 41',
      ['X-User', 'X-User-Roles', 'X-User-Id', 'X_USER', 'X-Auth-Request-Email', 'X-Auth-Request-Access-Token'],
    ],
    [
      'checklist 41',
      [
        'X-Forwarded-User',
        'X-Forwarded-Email',
        'X-Forwarded-Groups',
        'X-Forwarded-Preferred-Username',
        'X-Forwarded-Access-Token',
      ],
    ],
    [
      'checklist 41',
      ['Remote-User', 'Remote_User', 'X-Remote-User', 'X-Remote-Group', 'X-WEBAUTH-USER', 'X-Tenant', 'X-Tenant-Id'],
    ],
    [
      'checklist 41',
      [
        'X-Client-Cert',
        'Client-Cert',
        'SSL-Client-Verify',
        'X-Forwarded-Client-Cert',
        'X-Internal-Jwt',
        'X-Doorman',
        'x_doorman',
      ],
    ],
    ['OIDC_* on public paths', ['OIDC_CLAIM_sub', 'OIDC-access-token', 'oidc_id_token']],
    ['httpoxy', ['Proxy', 'Proxy-Authorization']],
    ['CVE-2025-29927', ['X-Middleware-Subrequest', 'x_middleware_subrequest', 'X-Matched-Path', 'X-Invoke-Path']],
  ]
  for (const [id, names] of identity) {
    for (const name of names) {
      test(`${name} stays outside, whoever sends it (${id})`, async () => {
        for (const proxy of [stranger, trusted]) assert.deepEqual((await send(proxy, [`${name}: admin`])).others, [])
      })
    }
  }

  test('Authorization never wins over the credential (checklist 18)', async () => {
    const lines = ['Authorization: Bearer forged', 'authorization: Basic Zm9v', 'AUTHORIZATION_: x']
    assert.equal((await send(stranger, lines)).headers.authorization, CREDENTIAL)
  })

  test('Connection takes off nothing that is ours (GHSA-w9mr, CVE-2024-45410)', async () => {
    const lines = ['Connection: X-User, Authorization, X-Internal-Jwt, X-Forwarded-For, X-Request-Id, Forwarded']
    const { headers } = await send(stranger, lines)
    assert.equal(headers.authorization, CREDENTIAL)
    for (const name of GATEWAY_NAMES) assert.notEqual(headers[name], undefined, name)
  })

  test('X-Forwarded-* says nothing when a stranger sends it (CVE-2026-33495, CVE-2026-35051)', async () => {
    const lines = [
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: other.example',
      'X-Forwarded-Prefix: /admin',
      'X-Forwarded-Port: 1',
    ]
    const { headers, others } = await send(stranger, [...lines, 'X-Real-IP: 6.6.6.6', 'True-Client-IP: 6.6.6.6'])
    assert.deepEqual([headers['x-forwarded-proto'], headers['x-forwarded-host']], ['http', stranger.host])
    assert.deepEqual(others, [])
  })

  test('X-Forwarded-For is set and not appended to for a stranger (checklist 23)', async () => {
    const { headers } = await send(stranger, ['X-Forwarded-For: 6.6.6.6', 'Forwarded: for=6.6.6.6'])
    assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(headers.forwarded, `for=127.0.0.1;host="${stranger.host}";proto=http`)
  })

  test('X-Forwarded-For is continued for a trusted proxy (checklist 23)', async () => {
    const { headers } = await send(trusted, ['X-Forwarded-For: 203.0.113.9'])
    assert.equal(headers['x-forwarded-for'], '203.0.113.9, 127.0.0.1')
  })

  test('Host injects nothing into Forwarded (GHSA-4jgr)', async () => {
    const asked = upstream.received.length
    const answer = await sendRaw(stranger.port, buildRaw('GET /', ['Host: a";for=1.2.3.4']))
    assert.equal(answer.status, 421)
    assert.equal(upstream.received.length, asked)
  })

  test('Host is compared without case and goes on in our spelling (CVE-2026-42273)', async () => {
    const local = await createTestProxy({ upstream: upstream.origin })
    const answer = await sendRaw(local.port, buildRaw('GET /', [`HOST: ${local.host.toUpperCase()}`]))
    assert.equal(answer.status, 200)
    assert.equal(upstream.received.at(-1)!.headers['x-forwarded-host'], local.host)
    await local.close()
  })

  for (const host of ['evil.example', '127.0.0.1', '127.0.0.1:1']) {
    test(`Host ${host} is 421, with any method (checklist 14)`, async () => {
      for (const method of ['GET', 'POST']) {
        assert.equal((await sendRaw(stranger.port, buildRaw(`${method} /`, [`Host: ${host}`]))).status, 421)
      }
    })
  }

  test('a loopback alias is sent to the one name (checklist 168)', async () => {
    const answer = await sendRaw(stranger.port, buildRaw('GET /a?b', [`Host: localhost:${stranger.port}`]))
    assert.equal(answer.status, 303)
    assert.match(answer.head, new RegExp(`location: ${stranger.url}/a\\?b\r`))
    assert.equal((await sendRaw(stranger.port, buildRaw('POST /a', [`Host: localhost:${stranger.port}`]))).status, 421)
  })

  test('our cookies stay here, those of others pass (checklist 18)', async () => {
    const own = `doorman-${stranger.port}=id; doorman-${stranger.port}-login-abc=sealed`
    assert.equal((await send(stranger, [`Cookie: a=1; ${own}; b=2`])).headers.cookie, 'a=1; b=2')
    assert.equal((await send(stranger, [`Cookie: ${own}`, 'COOKIE: c=3'])).headers.cookie, 'c=3')
    assert.equal((await send(stranger, ['Cookie_: x=1', `Cookie: ${own}`])).headers.cookie, undefined)
  })

  for (const cookie of [';', '=', ';;=;', '', ';'.repeat(500)]) {
    test(`Cookie ${JSON.stringify(cookie.slice(0, 8))} breaks nothing (CVE-2023-28625)`, async () => {
      await send(stranger, [`Cookie: ${cookie}`])
    })
  }

  test('traceparent passes', async () => {
    assert.deepEqual((await send(stranger, ['traceparent: 00-1-2-01', 'tracestate: a=b'])).others, [
      'traceparent',
      'tracestate',
    ])
  })

  test('a request id of a stranger is replaced, one of a trusted proxy kept', async () => {
    assert.notEqual((await send(stranger, ['X-Request-Id: abc'])).headers['x-request-id'], 'abc')
    assert.equal((await send(trusted, ['X-Request-Id: abc'])).headers['x-request-id'], 'abc')
  })

  test('the upstream cannot set our cookie, nor take it away (checklist 168)', async () => {
    const own = `doorman-${stranger.port}`
    upstream.answer((_message, response) => {
      response.writeHead(200, { 'set-cookie': [`${own}=evil`, `${own}=; Max-Age=0`, `=${own}=evil`, 'app=1'] }).end()
    })
    const response = await fetch(stranger.url)
    assert.deepEqual(response.headers.getSetCookie(), ['app=1'])
  })

  test('no shared cache keeps a personal answer (checklist 172)', async () => {
    upstream.answer((_message, response) => response.writeHead(200, { 'cache-control': 'public, s-maxage=60' }).end())
    assert.equal((await fetch(stranger.url)).headers.get('cache-control'), 'private')
  })
})
