// Three services in three languages behind one gateway, in a real browser.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { watch } from '../../../packages/cli/test/support/witness.ts'
import { findGo, type Go } from '../../../packages/provision/test/support/servers/go-toolchain.ts'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { type RunningExample, startExample } from '../../../scripts/support/example-run.ts'
import { usePython } from '../../../scripts/support/test-python.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const LANGUAGES = { orders: 'TypeScript', stock: 'Python', shipping: 'Go' }
const SERVICES = Object.keys(LANGUAGES)
/** In CI none may be missing. */
const go = await findGo().catch((error: unknown) => {
  if (process.env.CI === 'true') throw error
})
const skip = go === undefined && 'there is no Go here'
let example: RunningExample
let browser: Browser

before(async () => {
  if (go === undefined) return
  example = await startExample({ folder: FOLDER, env: { PYTHON: await usePython(), ...environmentOf(go) } })
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  await example?.close()
})

/** With this Go before any other one. */
function environmentOf({ file, env }: Go): Readonly<Record<string, string>> {
  return file === 'go' ? env : { ...env, PATH: [dirname(file), process.env.PATH].join(delimiter) }
}

/** In a browser of its own, which may not have seen a token afterwards. */
async function visit(use: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 960, height: 560 } })
  context.setDefaultTimeout(10_000)
  const witness = watch(context, example.publicUrl)
  try {
    const page = await context.newPage()
    await page.goto(`${example.publicUrl}/`)
    await use(page, context)
  } finally {
    await context.close()
  }
  assert.ok((await witness.bodies()) > 0)
  assert.deepEqual(await witness.tokens(), [])
}

async function logIn(page: Page, username: string): Promise<void> {
  await page.click('#log-in')
  await page.click(`button[name=user][value=${username}]`)
  await page.locator('#person', { hasText: 'Test' }).waitFor()
}

function text(page: Page, selector: string, pattern: RegExp): Promise<void> {
  return page.locator(selector, { hasText: pattern }).waitFor()
}

test('nobody gets an answer of a service before the login', { skip }, () =>
  visit(async (page) => {
    for (const name of SERVICES) await text(page, `#${name} dl`, /answer\s*401/)
  }),
)

test('each service is sent a card of its own, refuses that of another, and takes orders at its pace', { skip }, () =>
  visit(async (page) => {
    await logIn(page, 'alice')
    for (const [name, language] of Object.entries(LANGUAGES)) {
      await text(page, `#${name} h2`, new RegExp(`^${name} · ${language}$`))
      await text(page, `#${name} dl`, new RegExp(`audience\\s*${name}\\s*person\\s*Alice Test`))
      await page.click(`#${name} button`)
      await text(page, `#${name} output`, /^401$/)
    }
    for (const answer of [/^201 tea, no. 1/, /^201 tea, no. 2/, /^201 tea, no. 3/, /^429 rate_limited/]) {
      await page.click('#order')
      await text(page, '#order + output', answer)
    }
    if (process.env.DOORMAN_PICTURES === '1') await page.screenshot({ path: join(FOLDER, 'picture.png') })
    await page.click('#admin')
    await text(page, 'h1', /Not allowed/)
    await page.goBack()
    await page.click('#log-out')
    await text(page, '#person', /^Nobody is logged in$/)
  }),
)

test('the page for administrators opens for carol', { skip }, () =>
  visit(async (page) => {
    await logIn(page, 'carol')
    await page.click('#admin')
    await text(page, 'li', /^Alice Test: tea, no. 1$/)
  }),
)

test('the service in Go has nothing that go vet or gofmt would change', { skip }, () => {
  const { file, env } = go!
  const options = { cwd: join(FOLDER, 'shipping'), env: { ...process.env, ...env }, encoding: 'utf8' } as const
  const gofmt = file === 'go' ? 'gofmt' : join(dirname(file), 'gofmt')
  for (const [program, words] of [
    [file, ['vet', '.']],
    [gofmt, ['-l', '.']],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(program, words, options)
    assert.deepEqual([status, stdout + stderr], [0, ''], program)
  }
})
