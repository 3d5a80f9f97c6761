// What older front ends are allowed opens nothing to anybody else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, BrowserRequest } from '@doorman/dev-realm/browser'
import { statusOf } from '../support/flow.ts'
import { FROM_OWN_PAGE, logInOldBff, openOldBff } from '../support/old-contracts.ts'
import type { PairStage } from '../support/pair-stage.ts'

const said = (site: string, mode: string, dest: string, more: Readonly<Record<string, string>> = {}) => ({
  headers: { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest, accept: '*/*', ...more },
})

const EMBEDDED: Readonly<Record<string, BrowserRequest>> = {
  'an image in a page of our own': said('same-origin', 'no-cors', 'image'),
  'a script in a page of our own': said('same-origin', 'no-cors', 'script'),
  'a frame in a page of our own': said('same-origin', 'navigate', 'iframe'),
  'a prefetch in a page of our own': said('same-origin', 'cors', 'empty', { 'sec-purpose': 'prefetch' }),
  'a prerender of what somebody types': said('none', 'navigate', 'document', { 'sec-purpose': 'prefetch;prerender' }),
  'an image on a sibling': said('same-site', 'no-cors', 'image'),
  'a frame on a sibling': said('same-site', 'navigate', 'iframe'),
  'a fetch of a sibling': said('same-site', 'cors', 'empty', { origin: 'https://blog.example.com' }),
  'an image on another site': said('cross-site', 'no-cors', 'image'),
  'a fetch of another site': said('cross-site', 'cors', 'empty', { origin: 'https://evil.example' }),
  'a fetch of another site that claims our header': said('cross-site', 'no-cors', 'empty', { 'x-doorman': '1' }),
  'a sandboxed frame': said('cross-site', 'cors', 'empty', { origin: 'null' }),
}

const CHANGING = ['/logout', '/auth/logout', '/refresh', '/auth/refresh']

test('nothing that a page embeds, its own or another one, changes anything by GET or reads a token', async (t) => {
  const stage = await openOldBff(t)
  const { browser } = await logInOldBff(stage)
  const before = stage.realm.calls.count('token', 'refresh_token')
  for (const [what, request] of Object.entries(EMBEDDED)) {
    for (const path of CHANGING) {
      const answer = await browser.navigate(stage.url(path), request)
      assert.deepEqual([answer.status, answer.cookiesSet], [403, []], `${what} at ${path}`)
    }
  }
  for (const what of ['image', 'script', 'iframe', 'document']) {
    const answer = await browser.navigate(stage.url('/get_model_tokens'), said('same-origin', 'no-cors', what))
    assert.equal(answer.status, 403, what)
  }
  assert.equal(stage.realm.calls.count('token', 'refresh_token'), before, 'the realm was asked for nothing')
  assert.equal(await statusOf(stage, browser, '/user-info'), 200)
  assert.equal(stage.realm.sessions().length, 1)
})

test('a link of another site logs nobody out: a page asks, and its link is for this session alone', async (t) => {
  const stage = await openOldBff(t)
  const { browser } = await logInOldBff(stage)
  const { browser: bob } = await logInOldBff(stage, 'bob')
  for (const site of ['cross-site', 'same-site']) {
    const asked = await browser.navigate(stage.url('/logout?redirect_uri=https://evil.example/'), from(site))
    assert.deepEqual([asked.status, asked.cookiesSet], [200, []])
    assert.equal(asked.headers.get('x-frame-options'), 'DENY')
    const link = /href="(\/auth\/logout[^"]*)"/.exec(asked.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    assert.equal(new URLSearchParams(link.split('?')[1]).get('return_to'), '/')
    assert.equal((await bob.navigate(stage.url(link), FROM_OWN_PAGE)).status, 400, "another session's link")
    assert.equal(await statusOf(stage, browser, '/user-info'), 200)
    assert.equal(await statusOf(stage, bob, '/user-info'), 200)
    if (site === 'same-site') await browser.follow(stage.url(link), FROM_OWN_PAGE)
  }
  assert.equal(await statusOf(stage, browser, '/user-info'), 401, 'who clicks is logged out')
  assert.equal((await bob.navigate(stage.url('/refresh'), from('cross-site'))).status, 403)
})

const from = (site: string) => ({ headers: { 'sec-fetch-site': site } })

test('a sid opens nothing: not in a query, a header, a cookie or as a token', async (t) => {
  const stage = await openOldBff(t)
  const { sid } = await logInOldBff(stage)
  const thief = stage.browser()
  thief.cookies.set('localhost', 'sid', sid)
  thief.cookies.set('localhost', 'session_id', sid)
  const own = { 'x-session-id': sid, 'x-doorman': '1' }
  for (const headers of [own, { ...own, authorization: `Bearer ${sid}` }]) {
    for (const path of ['/user-info', '/refresh', '/get_model_tokens', '/api/agent', '/auth/sessions']) {
      const answer = await thief.fetch(stage.url(path + queryFor(path, sid)), { headers })
      assert.equal(answer.status, 401, path)
    }
  }
  assert.deepEqual(
    stage.upstream.received.filter(({ target }) => target.startsWith('/api')),
    [],
  )
})

const queryFor = (path: string, sid: string) => (path.startsWith('/auth/') ? '' : `?sid=${sid}`)

test("somebody else's sid in the query of a person who is logged in shows them themselves", async (t) => {
  const stage = await openOldBff(t)
  const { sid } = await logInOldBff(stage)
  const { browser: bob } = await logInOldBff(stage, 'bob')
  assert.equal(await nameOf(stage, bob, sid), 'bob')
  await bob.fetch(stage.url(`/logout?sid=${sid}`))
  assert.equal(stage.realm.sessions().length, 1, "only bob's session has ended")
})

async function nameOf(stage: PairStage, browser: Browser, sid: string): Promise<unknown> {
  return JSON.parse((await browser.fetch(stage.url(`/user-info?sid=${sid}`))).body).preferred_username
}

test('a parameter of another name leads nowhere else, is not a second one, and plants no sid (CVE-2020-11053)', async (t) => {
  const stage = await openOldBff(t)
  const { browser, sid } = await logInOldBff(stage)
  const page = { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' } }
  const lead = async (query: string) => {
    const { status, headers } = await browser.navigate(stage.url(`/login?${query}`), page)
    return status === 303 ? headers.get('location') : status
  }
  for (const wanted of [
    '//evil.com',
    '/\\evil.com',
    '/%09/evil.com',
    '/%5cevil.com',
    'https://evil.com',
    '/logout',
    '/login',
  ]) {
    const home = await lead(`redirect_uri=${encodeURIComponent(wanted)}`)
    assert.equal(home, `/?sid=${sid}`, wanted)
  }
  assert.equal(await lead(`redirect_uri=${encodeURIComponent('/x?sid=thief&sid=thief')}&sid=thief`), `/x?sid=${sid}`)
  for (const query of ['redirect_uri=/a&return_to=/b', 'redirect_uri=/a&redirect_uri=/b', 'redirect_uri=/a&next=/b']) {
    assert.equal(await lead(query), 400, query)
  }
})
