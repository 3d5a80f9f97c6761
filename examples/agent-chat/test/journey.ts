// What people do with the chat, wherever the gateway is and whatever the realm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { hasToken, readPage, watch } from '../../../packages/cli/test/support/witness.ts'

export interface Stage {
  readonly browser: Browser
  readonly publicUrl: string
  /** From the realm's page to the application. */
  logIn(page: Page, username: string): Promise<void>
  /** Where to write the picture of alice with her answer. */
  readonly picture?: string
}

/** In a browser of its own, which may not have seen a token afterwards. */
async function visit(stage: Stage, use: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await stage.browser.newContext({ viewport: { width: 900, height: 420 } })
  context.setDefaultTimeout(15_000)
  const witness = watch(context, stage.publicUrl)
  try {
    const page = await context.newPage()
    await page.goto(`${stage.publicUrl}/`)
    await use(page, context)
  } finally {
    await context.close()
  }
  assert.ok((await witness.bodies()) > 0)
  assert.deepEqual(await witness.tokens(), [])
}

async function enter(page: Page, stage: Stage, username: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in' }).click()
  await stage.logIn(page, username)
  await text(page, 'aside h2', /^\p{Lu}/u)
}

function text(page: Page, selector: string, pattern: RegExp): Promise<void> {
  return page.locator(selector, { hasText: pattern }).waitFor()
}

/** A string, because it runs in the page: every length the answer has had. */
const KEEP_LENGTHS = `(() => {
  window.lengths = new Set()
  const answer = document.querySelector('#answer')
  new MutationObserver(() => lengths.add(answer.textContent.length))
    .observe(answer, { childList: true, characterData: true, subtree: true })
})()`

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

async function callAgent(page: Page, path: string, tenant?: string): Promise<Answer> {
  const headers = JSON.stringify(tenant === undefined ? {} : { 'x-tenant': tenant })
  return await page.evaluate<Answer>(`(async () => {
    const response = await fetch('/api/agent/${path}', { headers: ${headers} })
    return { status: response.status, body: await response.json() }
  })()`)
}

/** `open` gives the stage, which is not there before the tests begin. */
export function testChat(open: () => Stage): void {
  test('nobody sees no tenant, and a fetch is told to log in', () =>
    visit(open(), async (page) => {
      await text(page, '#stranger', /Sign in/)
      const { status, body } = await callAgent(page, 'session')
      assert.deepEqual([status, body.type, body.code], [401, 'about:blank', 'login_required'])
      assert.match(String(body.title), /^\p{Lu}.+/u)
    }))

  test('the service knows the tenant of whoever is logged in, and its answer comes word by word', () =>
    visit(open(), async (page) => {
      await enter(page, open(), 'alice')
      await text(page, '#tenant', /^acme$/)
      await text(page, '#health', /^well$/)
      await text(page, '#company', /^Acme Rockets, enterprise$/)
      await page.evaluate(KEEP_LENGTHS)
      await page.getByRole('button', { name: 'Ask' }).click()
      await text(page, '#answer', /At Acme Rockets .* room for more\.$/)
      assert.ok((await page.evaluate<number>('lengths.size')) > 3)
      assert.equal(hasToken(await readPage(page)), false)
      const { picture } = open()
      if (picture !== undefined) await page.screenshot({ path: picture })
      await page.getByRole('button', { name: 'Sign out' }).click()
      await text(page, '#stranger', /Sign in/)
    }))

  test('whoever has two tenants chooses one', () =>
    visit(open(), async (page) => {
      await enter(page, open(), 'bob')
      const undecided = await callAgent(page, 'session')
      assert.deepEqual([undecided.status, undecided.body.code], [403, 'tenant_ambiguous'])
      const foreign = await callAgent(page, 'session', 'initech')
      assert.deepEqual([foreign.status, foreign.body.code], [400, 'tenant_ambiguous'])
      await page.getByRole('button', { name: 'globex' }).click()
      await text(page, '#company', /^Globex, starter$/)
      await page.getByRole('button', { name: 'acme' }).click()
      await text(page, '#company', /^Acme Rockets, enterprise$/)
    }))

  test('whoever has no tenant is told so kindly', () =>
    visit(open(), async (page) => {
      await enter(page, open(), 'carol')
      await text(page, '#answer', /^403: Ask your administrator/)
      const { status, body } = await callAgent(page, 'session')
      assert.deepEqual([status, body.type, body.code], [403, 'about:blank', 'tenant_required'])
      assert.match(String(body.detail), /^\p{Lu}.+\.$/u)
    }))
}
