// A fetch that leads to the login and back, in a real browser.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../../../../scripts/support/chromium.ts'
import type { Stage } from '../support/stage.ts'
import { openAppStage, openPerson } from './support.ts'

const FETCH = "doormanFetch('/api/x').then(({ status }) => status)"
const PLACE = '/open/?tab=2#notes'

let browser: Browser
let stage: Stage
before(async () => {
  browser = await launchChromium()
  stage = await openAppStage()
})
after(async () => {
  await browser.close()
  await stage.close()
})

test('says that the page itself asks, beside its own headers', async (t) => {
  const tab = await (await openPerson(t, browser, stage)).tab()
  const asked = tab.waitForRequest(stage.url('/api/y'))
  const status = await tab.evaluate(
    "doormanFetch(new Request('/api/y', { method: 'POST', headers: { 'x-mine': 'a' } })).then(({ status }) => status)",
  )
  assert.equal(status, 200)
  const { 'x-doorman': doorman, 'x-mine': mine } = (await asked).headers()
  assert.deepEqual([doorman, mine], ['1', 'a'])
})

test('a 401 leads to the login and back to the same place', async (t) => {
  const { context, tab: openTab } = await openPerson(t, browser, stage)
  const tab = await openTab(PLACE)
  await context.clearCookies({ name: /^doorman/ })
  const back = tab.waitForEvent('framenavigated')
  assert.equal(await tab.evaluate(FETCH), 401)
  await back
  await tab.waitForURL(stage.url(PLACE))
  await tab.waitForFunction('window.doormanFetch !== undefined')
  assert.equal(await tab.evaluate(FETCH), 200)
})

test('a login that does not help is not tried in a circle', async (t) => {
  const { context, tab: openTab } = await openPerson(t, browser, stage)
  const tab = await openTab('/open/')
  await tab.evaluate("sessionStorage.setItem('doorman login', String(Date.now()))")
  await context.clearCookies()
  assert.equal(await tab.evaluate(FETCH), 401)
  assert.equal(await tab.evaluate(FETCH), 401)
  assert.equal(tab.url(), stage.url('/open/'))
})

for (const [what, loginUrl] of [
  ['another origin', 'https://evil.example/login'],
  ['a script', 'javascript:document.title="owned"'],
] as const) {
  test(`a login_url of ${what} leads nowhere`, async (t) => {
    const tab = await (await openPerson(t, browser, stage)).tab('/open/')
    const body = JSON.stringify({ login_url: loginUrl })
    await tab.route('**/api/x', (route) => route.fulfill({ status: 401, body }))
    assert.equal(await tab.evaluate(FETCH), 401)
    assert.equal(tab.url(), stage.url('/open/'))
    assert.equal(await tab.title(), 'An application')
  })
}

test('another origin is fetched as it is, whatever it answers', async (t) => {
  const received: (string | undefined)[] = []
  const other = createServer((message, response) => {
    received.push(`${message.method} ${message.headers['x-doorman'] ?? 'without'}`)
    const headers = { 'access-control-allow-origin': '*', 'content-type': 'application/problem+json' }
    response.writeHead(401, headers).end(JSON.stringify({ login_url: stage.url('/auth/login') }))
  })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const tab = await (await openPerson(t, browser, stage)).tab('/open/')
  const { port } = other.address() as AddressInfo
  assert.equal(await tab.evaluate(`doormanFetch('http://127.0.0.1:${port}/').then(({ status }) => status)`), 401)
  assert.deepEqual(received, ['GET without'])
  assert.equal(tab.url(), stage.url('/open/'))
})
