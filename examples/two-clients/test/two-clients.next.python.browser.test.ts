// The doorman's client logs people in, the guard's checks their cards in two ways, in a real browser.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { watch } from '../../../packages/cli/test/support/witness.ts'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { type RunningExample, startExample } from '../../../scripts/support/example-run.ts'
import { usePython } from '../../../scripts/support/test-python.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const GOOD = /^good for guard, \d+ s left$/
let example: RunningExample
let browser: Browser

before(async () => {
  example = await startExample({ folder: FOLDER, env: { PYTHON: await usePython() } })
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  await example?.close()
})

/** In a browser of its own, which may not have seen a token afterwards. */
async function visit(use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 960, height: 540 } })
  context.setDefaultTimeout(10_000)
  const witness = watch(context, example.publicUrl)
  try {
    const page = await context.newPage()
    await page.goto(`${example.publicUrl}/`)
    await use(page)
  } finally {
    await context.close()
  }
  assert.ok((await witness.bodies()) > 0)
  assert.deepEqual(await witness.tokens(), [])
}

async function logIn(page: Page, username: string): Promise<void> {
  await text(page, '#person', /^Nobody is logged in$/)
  await page.click('#doorman a')
  await page.click(`button[name=user][value=${username}]`)
  await text(page, '#person', / Test$/)
}

function text(page: Page, selector: string, pattern: RegExp): Promise<void> {
  return page.locator(selector, { hasText: pattern }).waitFor()
}

test('a card is good in both ways until the logout, and by introspection not a moment longer', () =>
  visit(async (page) => {
    await logIn(page, 'alice')
    await text(page, '#by-key-set', GOOD)
    await text(page, '#by-introspection', GOOD)
    await text(page, '#vault .bad', /^403: The vault is for the role admin/)
    if (process.env.DOORMAN_PICTURES === '1') await page.screenshot({ path: join(FOLDER, 'picture.png') })
    await page.click('#doorman button')
    await text(page, '#person', /^Nobody is logged in$/)
    await text(page, '#by-key-set.good', GOOD)
    await text(page, '#by-introspection.bad', /not active$/)
  }))

test('the vault opens for the role admin', () =>
  visit(async (page) => {
    await logIn(page, 'carol')
    await text(page, '#vault .good', /^200: 3 bars of gold$/)
  }))

test('the guard takes no card at its own door but the one for it', async () => {
  const answer = await fetch(`${example.addressOf('http://localhost:8000')}/vault`, {
    headers: { authorization: 'Bearer no-card' },
  })
  assert.equal(answer.status, 401)
})
