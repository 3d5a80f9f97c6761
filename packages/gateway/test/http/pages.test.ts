import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { buildErrorPage, buildErrorReply, buildPage } from '../../src/http/pages.ts'
import { FETCH, headerOf, NAVIGATION } from '../support/cookie-jar.ts'

test('everything that varies on a page is escaped', () => {
  const hostile = `'");alert(1)//</script><img src=x onerror=alert(1)>&`
  const page = { title: hostile, text: hostile, links: [{ href: `/"><b>`, label: hostile }], footnote: hostile }
  const { body } = buildPage(200, page)
  assert.ok(!body.includes('<img'))
  assert.ok(!body.includes('</script>'))
  assert.ok(!body.includes('"><b>'))
  assert.ok(body.includes('&lt;img src=x onerror=alert(1)&gt;&amp;'))
})

test('a page runs nothing, loads nothing, cannot be framed, is not kept and tells no other site its address', () => {
  const reply = buildErrorPage('ERR_LOGIN_REFUSED', { requestId: 'r1' })
  const policy = headerOf(reply, 'content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none'; style-src 'sha256-/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.match(policy, /form-action 'none'/)
  assert.equal(headerOf(reply, 'x-frame-options'), 'DENY')
  assert.equal(headerOf(reply, 'referrer-policy'), 'no-referrer')
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
  assert.equal(headerOf(reply, 'x-content-type-options'), 'nosniff')
  assert.doesNotMatch(reply.body, /<script|\son\w+=|src=|@import|url\(/)
})

test("the policy allows exactly the page's own style", () => {
  const { body, headers } = buildErrorPage('ERR_LOGIN_REFUSED', { requestId: 'r1' })
  const style = /<style>([\s\S]*)<\/style>/.exec(body)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  assert.ok(headers.some(([, value]) => value.includes(`'sha256-${hash}'`)))
})

test('a navigation gets a page with the code and the request id, a fetch a problem document', () => {
  const page = buildErrorReply({ headers: NAVIGATION }, 'ERR_STORE_UNAVAILABLE', {
    requestId: 'r1',
    retryAfterSeconds: 4.2,
  })
  assert.equal(page.status, 503)
  assert.equal(headerOf(page, 'content-type'), 'text/html; charset=utf-8')
  assert.equal(headerOf(page, 'retry-after'), '5')
  assert.ok(page.body.includes('temporarily_unavailable · r1'))
  const problem = buildErrorReply({ headers: FETCH }, 'ERR_STORE_UNAVAILABLE', { requestId: 'r1' })
  assert.equal(headerOf(problem, 'content-type'), 'application/problem+json')
  assert.equal(JSON.parse(problem.body).request_id, 'r1')
})

test('the internal name of a failure stays inside', () => {
  assert.ok(!buildErrorPage('ERR_LOGIN_CODE_REJECTED', { requestId: 'r1' }).body.includes('CODE_REJECTED'))
})

test('a page is readable on a phone and in the dark', () => {
  const { body } = buildErrorPage('ERR_LOGIN_LOOP', { requestId: 'r1' })
  assert.match(body, /<meta name="viewport" content="width=device-width/)
  assert.match(body, /prefers-color-scheme:dark/)
  assert.match(body, /<html lang="en">/)
})

test('a challenge goes into WWW-Authenticate, of a page and of a problem document', () => {
  const extras = { requestId: 'r1', challenge: 'Bearer realm="doorman"', retryAfterSeconds: 1 }
  for (const headers of [NAVIGATION, FETCH]) {
    const reply = buildErrorReply({ headers }, 'ERR_BEARER_REQUIRED', extras)
    assert.equal(headerOf(reply, 'www-authenticate'), 'Bearer realm="doorman"')
    assert.equal(headerOf(reply, 'retry-after'), '1')
  }
})

test('the tenants somebody may name are listed, and escaped', () => {
  const extras = { requestId: 'r1', tenants: ['acme', '<b>'] }
  const problem = buildErrorReply({ headers: FETCH }, 'ERR_TENANT_AMBIGUOUS', extras)
  assert.deepEqual(JSON.parse(problem.body).tenants, ['acme', '<b>'])
  const page = buildErrorReply({ headers: NAVIGATION }, 'ERR_TENANT_AMBIGUOUS', extras)
  assert.ok(page.body.includes('acme, &lt;b&gt;'))
})
