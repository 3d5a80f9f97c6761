// A stage with an application that uses the browser module, and Chromium looking at it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core'
import { openStage, type Stage, type StageOptions } from '../support/stage.ts'

const STEP_MILLISECONDS = 15_000
const LOOK_EVERY_MILLISECONDS = 20
const MODULE = stripTypeScriptTypes(readFileSync(new URL('../../src/browser/browser.ts', import.meta.url), 'utf8'))

const ROUTES = `
  - { path: "/app/*", service: api, page: true, require: { login: true } }
  - { path: "/open/*", service: api, require: none, credential: none }
  - { path: "/api/*", service: api, require: { login: true } }
`

/** Keeps what it hears where a test finds it; `?keep` makes it stay when somebody else logs in. */
const PAGE = `<!doctype html><title>An application</title><script type="module">
import { doormanFetch, onSessionChange } from '/open/browser.js'
window.told = []
window.doormanFetch = doormanFetch
window.stop = onSessionChange((change) => {
  window.told.push(change)
  return !location.search.includes('keep')
})
</script>`

/** A page that listens to nothing. */
const PLAIN = '/open/plain'

export async function openAppStage(options: Partial<StageOptions> = {}): Promise<Stage> {
  const stage = await openStage({ front: 'direct', routes: ROUTES, ...options })
  stage.upstream.answer((message, response) => {
    const { pathname } = new URL(message.url ?? '', 'http://upstream')
    if (pathname === '/open/browser.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(MODULE)
    else if (pathname.startsWith('/api/')) response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    else response.writeHead(200, { 'content-type': 'text/html' }).end(pathname === PLAIN ? '' : PAGE)
  })
  return stage
}

export interface Person {
  readonly context: BrowserContext
  /** Of the connections to the endpoint of events, those that are open now and all there have been. */
  readonly streams: { readonly open: number; readonly all: number }
  /** A tab on the application that has begun to listen. */
  tab(path?: string): Promise<Page>
}

/** Somebody with a browser of their own, logged in. */
export async function openPerson(
  t: TestContext,
  browser: Browser,
  stage: Stage,
  options: BrowserContextOptions = {},
): Promise<Person> {
  const context = await browser.newContext(options)
  t.after(() => context.close())
  context.setDefaultTimeout(STEP_MILLISECONDS)
  const open = new Map<Request, Page>()
  const streams = {
    all: 0,
    get open() {
      return open.size
    },
  }
  context.on('request', (request) => {
    if (new URL(request.url()).pathname !== '/auth/events') return
    const page = request.frame().page()
    streams.all += 1
    open.set(request, page)
    // Playwright tells nothing of the requests of a page that is closed.
    page.once('close', () => open.delete(request))
  })
  context.on('requestfinished', (request) => open.delete(request))
  context.on('requestfailed', (request) => open.delete(request))
  await logIn(await context.newPage(), stage)
  return {
    context,
    streams,
    async tab(path = '/app/') {
      const page = await context.newPage()
      await page.goto(stage.url(path))
      await page.waitForFunction('window.told !== undefined')
      return page
    },
  }
}

export async function logIn(page: Page, stage: Stage, username = 'alice', path = PLAIN): Promise<void> {
  await page.goto(stage.url(`/auth/login?${new URLSearchParams({ return_to: path, force: 'true' })}`))
  await page.click(`button[name=user][value=${username}]`)
  await page.waitForURL(stage.url(path))
}

/** Fails by the clock. The browser is another process: what it does is looked for. */
export async function untilStreams(
  { streams }: Person,
  condition: (streams: Person['streams']) => boolean,
): Promise<void> {
  const deadline = AbortSignal.timeout(STEP_MILLISECONDS)
  while (!condition(streams)) {
    deadline.throwIfAborted()
    await setTimeout(LOOK_EVERY_MILLISECONDS)
  }
}

export interface Change {
  readonly type: string
  readonly [fact: string]: unknown
}

/** Resolves once the tab's listener has been told of such a change. */
export async function untilTold(page: Page, type: string): Promise<Change> {
  await page.waitForFunction(`window.told.some(({ type }) => type === '${type}')`)
  const told: Change[] = await page.evaluate('window.told')
  const change = told.find((each) => each.type === type)
  assert.ok(change !== undefined)
  return change
}
