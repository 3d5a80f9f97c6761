// The site as it is built: found, searched and looked at in a real browser.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../scripts/support/chromium.ts'
import { listPages, readCodeBlocks } from '../scripts/support/code-blocks.ts'
import { keepOutput } from '../scripts/support/keep-output.ts'
import { buildSite } from '../scripts/support/site.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
}

/** How many a page has. */
const diagrams = Map.groupBy(
  listPages()
    .flatMap(readCodeBlocks)
    .filter(({ language }) => language === 'mermaid'),
  ({ page }) => page,
)
  .entries()
  .map(([page, blocks]) => [page, blocks.length] as const)

const LOCAL = /http:\/\/localhost:\d+\/(?=\s)/

let browser: Browser
let server: Server
let origin: string

before(async () => {
  const site = await buildSite()
  server = createServer(({ url = '/' }, response) => {
    const file = findFile(site, new URL(url, 'http://site').pathname)
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
    response.end(readFileSync(file))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  server?.close()
})

/** As servers of static sites find pages without `.html`. */
function findFile(site: string, path: string): string | undefined {
  const files = [path, `${path}.html`, join(path, 'index.html')].map((name) => join(site, name))
  return files.find((file) => existsSync(file) && statSync(file).isFile())
}

/** Fails for what the page says in its console, and for what it asks other hosts. */
async function visit(path: string, use: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage()
  const wrong: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && wrong.push(message.text())))
  page.on('request', (request) => void (request.url().startsWith(origin) || wrong.push(request.url())))
  try {
    await page.goto(origin + path)
    await use(page)
  } finally {
    await page.close()
  }
  assert.deepEqual(wrong, [])
}

test('the start page leads to the first five minutes', () =>
  visit('/', async (page) => {
    await page.getByRole('link', { name: 'Start in five minutes' }).first().click()
    await page.waitForURL('**/docs/start*')
    await page.locator('h1').waitFor()
  }))

test('search finds a key of the configuration', () =>
  visit('/', async (page) => {
    await page.locator('.VPNavBarSearch button').first().click()
    await page.locator('#localsearch-input').fill('maxPerUser')
    await page.locator('.result', { hasText: 'Configuration' }).first().waitFor()
  }))

for (const [page, count] of diagrams) {
  test(`the diagrams of ${page} are drawn, in light and in dark colours`, () =>
    visit(`/${page.replace(/\.md$/, '')}`, async (tab) => {
      await tab
        .locator('.diagram svg')
        .nth(count - 1)
        .waitFor()
      assert.equal(await tab.locator('.diagram svg').count(), count)
      assert.equal(await tab.locator('.error-icon').count(), 0)
      const inLight = JSON.stringify(await tab.locator('.diagram').first().innerHTML())
      await tab.emulateMedia({ colorScheme: 'dark' })
      await tab.waitForFunction(`document.querySelector('.diagram')?.innerHTML !== ${inLight}`)
      await tab
        .locator('.diagram svg')
        .nth(count - 1)
        .waitFor()
    }))
}

test('while pages are written, the site has their diagrams and the sources they link to', async () => {
  const [written, at] = await startWriting()
  const page = await browser.newPage()
  try {
    await page.goto(`${at}docs/concepts`)
    await page.locator('.diagram svg').first().waitFor()
    await page.goto(`${at}examples/agent-chat/README`)
    const href = String(await page.locator('.vp-doc a[href^="/sources/"]').first().getAttribute('href'))
    const source = await fetch(new URL(href, at))
    assert.deepEqual([source.status, source.headers.get('content-type')], [200, 'text/plain; charset=utf-8'])
    const unlinked = await fetch(new URL('/sources/package-lock.json.txt', at))
    assert.doesNotMatch(await unlinked.text(), /lockfileVersion/)
  } finally {
    await page.close()
    const ended = once(written, 'close')
    written.kill()
    await ended
  }
})

/** `npm run docs`, in a process of its own: a build has made this one a production, and says so to its children. */
async function startWriting(): Promise<readonly [ChildProcess, string]> {
  const script = new URL('../scripts/docs.ts', import.meta.url).pathname
  const { NODE_ENV: _, ...env } = process.env
  const written = spawn(process.execPath, ['--conditions=@doorman/source', script], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = keepOutput(written)
  const ended = once(written, 'close').then(() => Promise.reject(new Error(output())))
  for (;;) {
    const [at] = LOCAL.exec(stripVTControlCharacters(output())) ?? []
    if (at !== undefined) return [written, at]
    await Promise.race([once(written.stdout, 'data'), ended])
  }
}

test('the commands of the front page, and those of npm on the start page, are those that CI runs', () => {
  const ci = readFileSync(new URL('../.ci/run', import.meta.url), 'utf8')
  const { check } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).scripts
  const start = commandsOf('start.md').filter((command) => command.startsWith('npm '))
  const commands = [...commandsOf('index.md'), ...start]
  assert.ok(commands.length >= 8)
  for (const command of commands) {
    // The demo that stays open is the one whose journey CI makes.
    const isRun = ci.includes(`${command}\n`) || ci.includes(`${command} --`) || String(check).endsWith(command)
    assert.ok(isRun, command)
  }
})

function commandsOf(page: string): readonly string[] {
  const text = readFileSync(new URL(page, import.meta.url), 'utf8')
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split(/\n| && /))
}
