// Tabs of a real browser: one connection between them, and each of them hears at once what becomes of the session.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../../scripts/support/chromium.ts'
import type { Stage } from '../support/stage.ts'
import { logIn, openAppStage, openPerson, type Person, untilStreams, untilTold } from './support.ts'

/** Long before the age of the cache, by which alone it would end without an event. */
const SOON_MILLISECONDS = 10_000
const TABS = 7

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

async function openTabs(t: TestContext, count: number): Promise<{ readonly person: Person; readonly tabs: Page[] }> {
  const person = await openPerson(t, browser, stage)
  const tabs: Page[] = []
  for (let index = 0; index < count; index += 1) tabs.push(await person.tab())
  await untilStreams(person, ({ open }) => open === 1)
  return { person, tabs }
}

function logOut(page: Page): Promise<unknown> {
  return page.evaluate("doormanFetch('/auth/logout', { method: 'POST' }).then(({ status }) => status)")
}

test('seven tabs share one connection, and a request still gets through', async (t) => {
  const { person, tabs } = await openTabs(t, TABS)
  assert.deepEqual([person.streams.open, person.streams.all], [1, 1])
  assert.equal(await tabs.at(-1)?.evaluate("doormanFetch('/api/x').then(({ status }) => status)"), 200)
})

test('a logout in one tab is told in all others within a second', async (t) => {
  const { tabs } = await openTabs(t, TABS)
  const startedAt = performance.now()
  const [status] = await Promise.all([logOut(tabs[3]!), ...tabs.map((tab) => untilTold(tab, 'ended'))])
  assert.ok(performance.now() - startedAt < SOON_MILLISECONDS)
  assert.equal(status, 200)
  for (const tab of tabs) {
    assert.deepEqual(await tab.evaluate('window.told'), [{ type: 'ended', reason: 'logout' }])
  }
})

test('when the tab that listens is closed another one takes over', async (t) => {
  const { person, tabs } = await openTabs(t, 3)
  const [first, ...others] = tabs
  await first!.close()
  await untilStreams(person, ({ open, all }) => open === 1 && all === 2)
  await Promise.all([logOut(others[0]!), ...others.map((tab) => untilTold(tab, 'ended'))])
})

test('when somebody else logs in old tabs are loaded anew, unless they say no', async (t) => {
  const { person, tabs } = await openTabs(t, 2)
  const keeping = await person.tab('/app/?keep')
  await tabs[0]!.evaluate('window.isOld = true')
  await tabs[1]!.evaluate('window.isOld = true')
  stage.realm.endSessionsOf('alice')
  const page = await person.context.newPage()
  await logIn(page, stage, 'bob', '/app/')
  await tabs[0]!.waitForFunction('window.isOld === undefined')
  await tabs[1]!.waitForFunction('window.isOld === undefined')
  assert.deepEqual(await untilTold(keeping, 'changed'), { type: 'changed', samePerson: false })
})

test('a new login of the same person is told, and nothing is loaded anew', async (t) => {
  const { person, tabs } = await openTabs(t, 2)
  await tabs[0]!.evaluate('window.isOld = true')
  await logIn(await person.context.newPage(), stage)
  for (const tab of tabs) assert.deepEqual(await untilTold(tab, 'changed'), { type: 'changed', samePerson: true })
  assert.equal(await tabs[0]!.evaluate('window.isOld'), true)
})

test('a tab that has heard of the end hears of the next login', async (t) => {
  const { person, tabs } = await openTabs(t, 1)
  await logOut(tabs[0]!)
  await untilTold(tabs[0]!, 'ended')
  await logIn(await person.context.newPage(), stage, 'alice', '/app/')
  assert.deepEqual(await untilTold(tabs[0]!, 'changed'), { type: 'changed', samePerson: true })
})

test('a gateway that is started anew is listened to again, and nobody is told of an end', async (t) => {
  const { person, tabs } = await openTabs(t, 2)
  await stage.restart(0)
  await untilStreams(person, ({ open, all }) => open === 1 && all > 1)
  await Promise.all([logOut(tabs[0]!), untilTold(tabs[1]!, 'ended')])
  assert.deepEqual(await tabs[1]!.evaluate('window.told'), [{ type: 'ended', reason: 'logout' }])
})

test('whoever stops listening gives the connection up', async (t) => {
  const { person, tabs } = await openTabs(t, 1)
  await tabs[0]!.evaluate('window.stop()')
  await untilStreams(person, ({ open }) => open === 0)
  assert.equal(person.streams.all, 1)
})

test('without Web Locks the tab that is looked at listens', async (t) => {
  const person = await openPerson(t, browser, stage)
  await person.context.addInitScript("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
  const tab = await person.tab()
  await untilStreams(person, ({ open }) => open === 1)
  await Promise.all([logOut(tab), untilTold(tab, 'ended')])
})

test('nobody who is not logged in is told of an end', async (t) => {
  const context = await browser.newContext()
  t.after(() => context.close())
  const page = await context.newPage()
  const answered = page.waitForResponse(stage.url('/auth/events'))
  await page.goto(stage.url('/open/'))
  assert.equal((await answered).status(), 401)
  assert.deepEqual(await page.evaluate('window.told'), [])
})
