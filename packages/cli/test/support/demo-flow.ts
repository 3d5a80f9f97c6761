// The journey of a person through the demo in a real Chromium, the same on every realm. Called by the files that bring
// a realm and know its login pages.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Cookie, Page } from 'playwright-core'
import { launchChromium } from '../../../../scripts/support/chromium.ts'
import type { OpenRealm } from '../../src/dev/demo-realm.ts'
import { type RunningDemo, startDemo } from '../../src/dev/dev.ts'
import { EXAMPLES_FOLDER } from '../../src/dev/example-services.ts'
import { temporaryFolder } from './command.ts'
import { hasToken, readPage, type Witness, watch } from './witness.ts'

export interface DemoRealm {
  readonly openRealm: OpenRealm
  /** Fills in the realm's pages, which the page shows. */
  readonly fillIn: (page: Page, username: string) => Promise<void>
}

const STEP_MILLISECONDS = 30_000
const NOBODY = 'Nobody is logged in'

/** Service, kind of token, and whom it is for. */
const RECEIVED = [
  ['account', 'realm', 'reports'],
  ['express', 'internal', 'express'],
  ['fastapi', 'internal', 'fastapi'],
  ['fastify', 'realm', 'billing'],
  ['hono', 'realm', 'reports'],
  ['llm', 'realm', 'llm'],
] as const

interface Visit {
  readonly context: BrowserContext
  readonly page: Page
  readonly witness: Witness
  readonly url: (path: string) => string
  isAtRealm(page: Page): boolean
}

export function testDemoFlow({ openRealm, fillIn }: DemoRealm): void {
  let demo: RunningDemo
  let browser: Browser

  before(async () => {
    const folder = temporaryFolder()
    const options = { port: 4300, folder, listen: undefined, logLevel: 'error', examples: EXAMPLES_FOLDER } as const
    demo = await startDemo({ ...options, print: () => {} }, openRealm)
    await demo.settled
    browser = await launchChromium()
  })
  after(async () => {
    await browser.close()
    await demo.close()
  })

  /** In a browser of its own; afterwards no token may have been seen anywhere, whatever the test was about. */
  function flow(name: string, walk: (visit: Visit) => Promise<void>): void {
    test(name, async () => {
      const context = await browser.newContext()
      context.setDefaultTimeout(STEP_MILLISECONDS)
      const witness = watch(context, demo.publicUrl)
      const url = (path: string) => demo.publicUrl + path
      try {
        const isAtRealm = (page: Page) => page.url().startsWith(`${demo.realm.issuer}/`)
        await walk({ context, page: await context.newPage(), witness, url, isAtRealm })
        for (const page of context.pages()) await assertNothingReadable(page, context)
      } finally {
        await context.close()
      }
      assert.ok((await witness.bodies()) > 0)
      assert.deepEqual(await witness.tokens(), [])
    })
  }

  async function logIn({ page, url }: Visit, username: string): Promise<void> {
    await page.goto(url('/'))
    await page.click('#log-in')
    await fillIn(page, username)
    await page.waitForURL(url('/'))
    await page.locator('#person', { hasText: 'Hello' }).waitFor()
  }

  flow('somebody clicks "Log in", says who they are at the realm, and sees their name', async (visit) => {
    await logIn(visit, 'alice')
    assert.equal(await visit.page.textContent('#person'), 'Hello, Alice Test')
    assert.equal(visit.page.url(), visit.url('/'))
  })

  flow('a stranger is served on the public route alone', async ({ page, url }) => {
    await page.goto(url('/'))
    assert.match(await callService(page, '/public/hello'), /^✓ 200/)
    assert.match(await callService(page, '/api/me'), /^✕ 401/)
    assert.match(await callService(page, '/api/admin/report'), /^✕ 401/)
    assert.equal(await page.textContent('#credential'), 'nothing')
  })

  flow('alice may call what is for anybody and what is for her, and not what is for administrators', async (visit) => {
    await logIn(visit, 'alice')
    assert.match(await callService(visit.page, '/public/hello'), /^✓ 200/)
    assert.equal(await visit.page.textContent('#credential'), 'the call, no token')
    assert.match(await callService(visit.page, '/api/me'), /^✓ 200/)
    assert.equal(await visit.page.textContent('#credential'), 'the call with an access token')
    assert.match(await received(visit.page), /the token is for\s*alice/)
    assert.match(await received(visit.page), /cookie\s*none/)
    assert.match(await callService(visit.page, '/api/admin/report'), /^✕ 403/)
  })

  flow('carol, an administrator, may call all three', async (visit) => {
    await logIn(visit, 'carol')
    for (const path of ['/public/hello', '/api/me', '/api/admin/report']) {
      assert.match(await callService(visit.page, path), /^✓ 200/, path)
    }
  })

  flow('every service says what it received, in its card and in the table', async (visit) => {
    const { page } = visit
    await logIn(visit, 'alice')
    await page.click('#ask-all')
    for (const [name, kind, audience] of RECEIVED) {
      if (demo.states().get(name)?.kind !== 'running') continue
      const card = page.locator(`[data-service=${name}]`)
      await card.locator('.fact.good', { hasText: '✓ 200' }).waitFor()
      assert.match((await card.locator('dl').textContent()) ?? '', new RegExp(`token\\s*${kind}`))
      assert.match((await page.locator(`[data-row=${name}]`).textContent()) ?? '', new RegExp(audience))
    }
    assert.match((await page.locator('[data-row=account]').textContent()) ?? '', /you/)
    assert.match((await page.locator('[data-service=hono] .fact').textContent()) ?? '', /No person/)
  })

  flow('somebody with two tenants goes from one to the other', async (visit) => {
    const { page } = visit
    await logIn(visit, 'bob')
    const answer = page.locator('#tenant-answer')
    await page.click('#ask-tenant')
    await answer.filter({ hasText: /^✕ 400 .*(acme or globex|globex or acme)$/ }).waitFor()
    for (const tenant of ['acme', 'globex', 'acme']) {
      await page.check(`input[name=tenant][value=${tenant}]`)
      await page.click('#ask-tenant')
      await answer.filter({ hasText: `✓ 200 · ${tenant}` }).waitFor()
    }
    await page.click('[data-ask=express]')
    await page.locator('[data-service=express] dl', { hasText: 'acme' }).waitFor()
    assert.match((await page.textContent('[data-service=llm] .fact')) ?? '', /^$/)
    await page.click('[data-ask=llm]')
    await page.locator('[data-service=llm] .fact.bad', { hasText: '✕ 403' }).waitFor()
  })

  flow('what a service told one person is gone when they have logged out', async (visit) => {
    const { page } = visit
    await logIn(visit, 'alice')
    await page.click('[data-ask=account]')
    await page.locator('[data-row=account]', { hasText: 'reports' }).waitFor()
    await logOut(visit)
    assert.doesNotMatch((await page.textContent('[data-row=account]')) ?? '', /reports/)
    assert.equal(await page.isVisible('#tenants'), false)
  })

  flow('a deep link leads through the login and back to itself', async ({ page, url, isAtRealm }) => {
    await page.goto(url('/members?from=mail'))
    assert.ok(isAtRealm(page))
    await fillIn(page, 'alice')
    await page.waitForURL(url('/members?from=mail'))
    assert.equal(await page.textContent('h1'), 'The members’ room')
  })

  flow('two tabs that log in at once are both logged in', async (visit) => {
    const other = await visit.context.newPage()
    for (const page of [visit.page, other]) {
      await page.goto(visit.url('/members'))
      assert.ok(visit.isAtRealm(page))
    }
    await fillIn(visit.page, 'alice')
    await visit.page.waitForURL(visit.url('/members'))
    // Keycloak's page may notice by itself that the other tab has logged in.
    await Promise.race([fillIn(other, 'alice'), other.waitForURL(visit.url('/members'))])
    await other.waitForURL(visit.url('/members'))
    for (const page of [visit.page, other]) {
      await page.goto(visit.url('/'))
      assert.match(await callService(page, '/api/me'), /^✓ 200/)
    }
  })

  flow('a reload keeps the session, and its cookie', async (visit) => {
    await logIn(visit, 'alice')
    const before = await sessionCookie(visit.context)
    await visit.page.reload()
    await visit.page.locator('#person', { hasText: 'Hello, Alice Test' }).waitFor()
    assert.deepEqual(await sessionCookie(visit.context), before)
  })

  flow('the session cookie is out of reach of scripts and of other hosts', async (visit) => {
    await logIn(visit, 'alice')
    const { httpOnly, sameSite, domain, path, expires } = await sessionCookie(visit.context)
    assert.deepEqual(
      { httpOnly, sameSite, domain, path, expires },
      // A cookie for subdomains, too, would read `.localhost` here.
      { httpOnly: true, sameSite: 'Lax', domain: 'localhost', path: '/', expires: -1 },
    )
  })

  flow("the session's clock runs", async (visit) => {
    await logIn(visit, 'alice')
    const clock = visit.page.locator('#seconds')
    await clock.filter({ hasText: /^29:5\d$/ }).waitFor()
    const earlier = (await clock.textContent()) ?? ''
    await clock.filter({ hasNotText: earlier }).waitFor()
    assert.ok(((await clock.textContent()) ?? '') < earlier)
  })

  flow('somebody who logs out is asked again at the next login', async (visit) => {
    const { page, url, context, isAtRealm } = visit
    await logIn(visit, 'alice')
    await logOut(visit)
    assert.equal(page.url(), url('/'))
    assert.deepEqual(await sessionCookies(context), [])
    assert.equal(visit.witness.hints(), 1)
    await page.click('#log-in')
    await page.waitForURL((address) => address.origin !== new URL(url('/')).origin)
    assert.ok(isAtRealm(page))
  })

  flow('another tab sees the logout at its next call, and forgets what it showed', async (visit) => {
    await logIn(visit, 'alice')
    const other = await visit.context.newPage()
    await other.goto(visit.url('/'))
    assert.match(await callService(other, '/api/me'), /^✓ 200/)
    await logOut(visit)
    assert.match(await callService(other, '/api/me'), /^✕ 401/)
    assert.equal(await other.textContent('#person'), NOBODY)
    assert.doesNotMatch((await other.textContent('body')) ?? '', /alice/i)
  })

  flow('after a logout the back button shows nothing private', async (visit) => {
    const { page, url, isAtRealm } = visit
    await page.goto(url('/members'))
    await fillIn(page, 'alice')
    await page.waitForURL(url('/members'))
    await page.click('text=Front page')
    await page.locator('#person', { hasText: 'Hello' }).waitFor()
    await callService(page, '/api/me')
    await logOut(visit)

    await page.goBack()
    await page.locator('#person', { hasText: NOBODY }).waitFor()
    assert.doesNotMatch((await page.textContent('body')) ?? '', /alice/i)
    await page.goBack()
    assert.ok(isAtRealm(page))
  })

  flow('a page the browser had kept comes back blank and is asked for anew', async (visit) => {
    const { page } = visit
    await logIn(visit, 'alice')
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`)
    assert.equal(await page.locator('body').isVisible(), false)
    const asked = page.waitForRequest(visit.url('/'))
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
    await asked
    await page.locator('#person', { hasText: 'Hello, Alice Test' }).waitFor()
  })
}

async function assertNothingReadable(page: Page, context: BrowserContext): Promise<void> {
  const readable = await readPage(page)
  assert.equal(hasToken(readable), false, `a token can be read at ${new URL(page.url()).pathname}`)
  for (const { value } of await sessionCookies(context)) {
    assert.ok(!readable.includes(value), `the session's id can be read at ${new URL(page.url()).pathname}`)
  }
}

async function sessionCookies(context: BrowserContext): Promise<readonly Cookie[]> {
  return (await context.cookies()).filter(({ name }) => /^doorman-\d+$/.test(name))
}

async function sessionCookie(context: BrowserContext): Promise<Cookie> {
  const [cookie, ...more] = await sessionCookies(context)
  assert.ok(cookie !== undefined && more.length === 0)
  return cookie
}

/** What the page says about the call. */
async function callService(page: Page, path: string): Promise<string> {
  await page.click(`[data-call="${path}"]`)
  await page.locator('#way[aria-busy=false]').waitFor()
  assert.equal(await page.textContent('#sent'), `GET ${path}`)
  return (await page.textContent('#verdict')) ?? ''
}

async function received(page: Page): Promise<string> {
  return (await page.textContent('#received')) ?? ''
}

async function logOut({ page, url }: Visit): Promise<void> {
  await page.click('#log-out')
  await page.waitForURL(url('/'))
  await page.locator('#person', { hasText: NOBODY }).waitFor()
}
