// The single-page app on its two origins, in a real browser.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { hasToken, readPage, watch } from '../../../packages/cli/test/support/witness.ts'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { type RunningExample, startExample } from '../../../scripts/support/example-run.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const STEP_MILLISECONDS = 15_000
const NOBODY = /^Nobody is logged in/
let example: RunningExample
let admin: string
let browser: Browser

before(async () => {
  example = await startExample({ folder: FOLDER })
  admin = example.addressOf('http://localhost:4100')
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  await example?.close()
})

interface Tabs {
  /** On the origin of publicUrl. */
  readonly app: Page
  /** On the second origin. */
  readonly admin: Page
}

/** In a browser of its own, no page of which may have seen a token afterwards. */
async function visit(use: (tabs: Tabs) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 800, height: 760 } })
  context.setDefaultTimeout(STEP_MILLISECONDS)
  const witness = watch(context, example.publicUrl)
  try {
    await use({ app: await context.newPage(), admin: await context.newPage() })
    const visited = context.pages().filter((page) => page.url() !== 'about:blank')
    for (const page of visited) assert.equal(hasToken(await readPage(page)), false, page.url())
    assert.ok((await context.cookies()).every(({ value }) => !hasToken(value)))
  } finally {
    await context.close()
  }
  assert.ok((await witness.bodies()) > 0)
  assert.deepEqual(await witness.tokens(), [])
}

async function logIn(page: Page, url: string, username: string): Promise<void> {
  await page.goto(url)
  await page.click('text=Log in')
  await page.click(`button[name=user][value=${username}]`)
  await page.waitForURL(`${url}/`)
}

/** Through the realm, and back to the page. */
async function logOut(page: Page): Promise<void> {
  const back = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame())
  await page.click('text=Log out')
  await back
  await shown(page, '#person', NOBODY)
}

function shown(page: Page, selector: string, text: RegExp): Promise<void> {
  return page.locator(selector, { hasText: text }).waitFor()
}

const issuerOf = (name: string, port: number) => example.addressOf(`http://localhost:${port}/realms/${name}`)

test('each service is sent a token of its own, and the page sees none', () =>
  visit(async ({ app }) => {
    await logIn(app, example.publicUrl, 'alice')
    await shown(app, '#person', /^Alice Test/)
    await shown(app, '#tasks dl', new RegExp(`of ${example.publicUrl}fortasksin the name ofAlice Test`))
    const account = 'service-account-model-gateway'
    await shown(app, '#llm dl', new RegExp(`of ${issuerOf('models', 8081)}forllm, accountin the name of${account}`))
    await app.click('#tasks button')
    await shown(app, '#tasks li', /^Alice Test: water the plants$/)
    await app.click('#llm button')
    await shown(app, '#llm li', /^need you all are tasks$/)
    if (process.env.DOORMAN_PICTURES === '1') await app.screenshot({ path: join(FOLDER, 'picture.png') })
  }))

test('the page of the other origin is in the same session, which ends in both', () =>
  visit(async ({ app, admin: other }) => {
    await logIn(app, example.publicUrl, 'alice')
    await other.goto(admin)
    await shown(other, '#person', /^Alice Test/)
    await shown(other, 'li', /^403: /)
    await logOut(app)
    assert.equal(app.url(), `${example.publicUrl}/`)
    await shown(other, '#person', NOBODY)
  }))

test('an administrator logs in from the other origin, comes back to it, and logs out there', () =>
  visit(async ({ app, admin: other }) => {
    await logIn(other, admin, 'carol')
    await shown(other, 'li', /^Alice Test: water the plants$/)
    await app.goto(example.publicUrl)
    await shown(app, '#person', /^Carol Test/)
    await logOut(other)
    assert.equal(other.url(), `${admin}/`)
    await shown(app, '#person', NOBODY)
  }))

test('a page of an origin that is not listed reads nothing', () =>
  visit(async ({ app, admin: other }) => {
    await logIn(app, example.publicUrl, 'alice')
    // The same server by another name: another site.
    await other.goto(admin.replace('localhost', '127.0.0.1'))
    const url = JSON.stringify(`${example.publicUrl}/auth/user`)
    const read = `fetch(${url}, { credentials: 'include' }).then(() => 'read', () => 'refused')`
    assert.equal(await other.evaluate(read), 'refused')
  }))
