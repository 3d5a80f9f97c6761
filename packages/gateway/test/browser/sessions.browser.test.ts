// The page of one's sessions in a real browser: it ends others within a second, without a script, and for everybody.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../../scripts/support/chromium.ts'
import type { Stage } from '../support/stage.ts'
import { openAppStage, openPerson, untilStreams, untilTold } from './support.ts'

/** Long before the age of the cache, by which alone it would end without an event. */
const SOON_MILLISECONDS = 10_000
const FETCH = "fetch('/api/x').then(({ status }) => status)"
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'

let browser: Browser
let stage: Stage
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())
/** People and their sessions are of one test alone. */
function play(name: string, body: (t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    stage = await openAppStage()
    try {
      await body(t)
    } finally {
      await stage.close()
    }
  })
}

async function openList(page: Page): Promise<void> {
  await page.goto(stage.url('/auth/sessions'))
  await page.waitForSelector('table')
}

for (const javaScriptEnabled of [true, false]) {
  play(`an ended browser is out within a second (${javaScriptEnabled ? 'with' : 'without'} JavaScript)`, async (t) => {
    const there = await openPerson(t, browser, stage, { userAgent: FIREFOX })
    const tab = await there.tab()
    await untilStreams(there, ({ open }) => open === 1)
    const here = await openPerson(t, browser, stage, { javaScriptEnabled })
    const page = await here.context.newPage()
    await openList(page)
    const startedAt = performance.now()
    await Promise.all([
      untilTold(tab, 'ended'),
      page.getByRole('button', { name: /^End Firefox on Linux, logged in \d{4}-/ }).click(),
    ])
    assert.ok(performance.now() - startedAt < SOON_MILLISECONDS)
    assert.deepEqual(await tab.evaluate('window.told'), [{ type: 'ended', reason: 'ended-elsewhere' }])
    assert.equal(await tab.evaluate(FETCH), 401)
    await page.waitForURL(stage.url('/auth/sessions?ended=true'))
    assert.equal(await page.getByRole('status').count(), 1)
    assert.equal(await page.getByRole('row').count(), 2)
  })
}

for (const button of ['Log out here', 'End all, this one too']) {
  play(`"${button}" leads by way of the realm to the front page, logged out, without JavaScript`, async (t) => {
    const { context } = await openPerson(t, browser, stage, { javaScriptEnabled: false })
    const page = await context.newPage()
    await openList(page)
    await page.getByRole('button', { name: button }).click()
    await page.waitForURL(stage.url('/'))
    const answer = await page.goto(stage.url('/auth/user'))
    assert.equal(answer?.status(), 401)
    await page.goto(stage.url('/auth/sessions'))
    assert.equal(await page.locator('button[name=user][value=alice]').count(), 1)
  })
}

play('everything on the page has a name, and the table says what belongs together', async (t) => {
  await openPerson(t, browser, stage, { userAgent: FIREFOX })
  const { context } = await openPerson(t, browser, stage)
  const page = await context.newPage()
  await openList(page)
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  assert.equal(await page.getByRole('main').getByRole('heading', { level: 1, name: 'Your sessions' }).count(), 1)
  assert.equal(await page.getByRole('region', { name: /Where you are logged in/ }).count(), 1)
  assert.equal(await page.getByRole('columnheader').count(), 5)
  assert.equal(await page.getByRole('rowheader', { name: 'Firefox on Linux' }).count(), 1)
  assert.equal(await page.getByRole('rowheader', { name: /^Chrome on Linux ?This one$/ }).count(), 1)
  const buttons: (readonly [seen: string, spoken: string])[] = await page.evaluate(
    '[...document.querySelectorAll("button")].map((button) => [button.textContent, button.ariaLabel])',
  )
  for (const [seen, spoken] of buttons) assert.ok(spoken.startsWith(seen), spoken)
  assert.equal(new Set(buttons.map(([, spoken]) => spoken)).size, 4)
})

play('the keyboard reaches every button, and shows where it is', async (t) => {
  await openPerson(t, browser, stage)
  const { context } = await openPerson(t, browser, stage)
  const page = await context.newPage()
  await openList(page)
  const reached: string[] = []
  for (let presses = 0; presses < 5; presses += 1) {
    await page.keyboard.press('Tab')
    const [name, outline]: string[] = await page.evaluate(
      '[document.activeElement.ariaLabel ?? document.activeElement.className, getComputedStyle(document.activeElement).outlineStyle]',
    )
    assert.equal(outline, 'solid', name)
    reached.push(name ?? '')
  }
  assert.deepEqual(
    reached.map((name) => name.split(',')[0]),
    ['scroll', 'Log out here', 'End Chrome on Linux', 'End all others', 'End all'],
  )
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL(stage.url('/auth/sessions?ended=true'))
  assert.equal(await page.getByRole('row').count(), 2)
})

/** WCAG 2.2 section 1.4.3. In the page, because that is where colours are. */
const LOWEST_CONTRAST = `(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const paper = (element) => {
    const { backgroundColor } = getComputedStyle(element)
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? paper(element.parentElement) : backgroundColor
  }
  const texts = [...document.querySelectorAll('main *')].filter(({ childNodes }) => [...childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  return Math.min(...texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))]
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
  }))
})()`

for (const colorScheme of ['light', 'dark'] as const) {
  play(`text stands out by 4.5 to 1 at least (${colorScheme})`, async (t) => {
    const { context } = await openPerson(t, browser, stage, { colorScheme })
    const page = await context.newPage()
    await openList(page)
    const contrast: number = await page.evaluate(LOWEST_CONTRAST)
    assert.ok(contrast >= 4.5, String(contrast))
  })
}

play('the page fits a phone', async (t) => {
  const { context } = await openPerson(t, browser, stage, { viewport: { width: 320, height: 640 } })
  const page = await context.newPage()
  await openList(page)
  assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'))
})
