// What a page of somebody else can do to a person who has logged in, as a real browser decides it: which cookies it
// sends, and what it says about where a request comes from.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Cookie, Page } from 'playwright-core'
import { launchChromium } from '../../../../scripts/support/chromium.ts'
import { openStage, type Stage } from '../support/stage.ts'

const STEP_MILLISECONDS = 15_000

interface Scene {
  readonly stage: Stage
  readonly page: Page
  readonly context: BrowserContext
  /** Opens a page of the attacker's with this content, and waits until everything in it has been loaded or refused. */
  attack(html: string): Promise<void>
}

const PLACES = [
  { place: 'another site', front: 'tls', host: '127.0.0.1' },
  // Ports do not separate sites: here the browser does send the session's cookie.
  { place: 'another port of our host', front: 'direct', host: 'localhost' },
] as const

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

for (const { place, front, host } of PLACES) {
  let stage: Stage
  let attacker: Server
  let content = ''

  before(async () => {
    stage = await openStage({ front })
    attacker = createServer((_message, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end(content))
    attacker.listen(0, '127.0.0.1')
    await once(attacker, 'listening')
  })
  after(async () => {
    attacker.close()
    attacker.closeAllConnections()
    await stage.close()
  })

  function scene(name: string, play: (scene: Scene) => Promise<void>): void {
    test(`${place}: ${name}`, async () => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true })
      context.setDefaultTimeout(STEP_MILLISECONDS)
      const page = await context.newPage()
      const attack = async (html: string) => {
        content = `<!doctype html><title>Free cookies</title>${html}`
        await page.goto(`http://${host}:${(attacker.address() as AddressInfo).port}/`)
      }
      try {
        await play({ stage, page, context, attack })
      } finally {
        await context.close()
      }
    })
  }

  scene('a form posted to a service does not get there', async ({ stage, page, attack }) => {
    await logIn(page, stage)
    const before = stage.upstream.received.length
    await attack(`<form method="post" action="${stage.url('/api/transfer')}"><input name="to" value="me"></form>`)
    const [status] = await Promise.all([nextStatus(stage, '/api/*'), page.evaluate('document.forms[0].submit()')])
    assert.equal(status, 403)
    assert.equal(stage.upstream.received.length, before)
  })

  scene('a form that posts plain text as JSON does not get there', async ({ stage, page, attack }) => {
    await logIn(page, stage)
    const before = stage.upstream.received.length
    await attack(
      `<form method="post" enctype="text/plain" action="${stage.url('/api/transfer')}"><input name='{"to":"me","x":"' value='"}'></form>`,
    )
    const [status] = await Promise.all([nextStatus(stage, '/api/*'), page.evaluate('document.forms[0].submit()')])
    assert.equal(status, 403)
    assert.equal(stage.upstream.received.length, before)
  })

  scene('a fetch with cookies does not get there, whatever its method', async ({ stage, page, attack }) => {
    await logIn(page, stage)
    await attack('')
    const before = stage.upstream.received.length
    for (const method of ['GET', 'POST']) {
      const options = JSON.stringify({ method, mode: 'no-cors', credentials: 'include' })
      const [status] = await Promise.all([
        nextStatus(stage, '/api/*'),
        page.evaluate(`void fetch('${stage.url('/api/transfer')}', ${options}).catch(() => {})`),
      ])
      assert.equal(status, 403, method)
    }
    assert.equal(stage.upstream.received.length, before)
  })

  scene('an image of a service is refused before the service hears of it', async ({ stage, page, attack }) => {
    await logIn(page, stage)
    const before = stage.upstream.received.length
    const [status] = await Promise.all([nextStatus(stage, '/api/*'), attack(`<img src="${stage.url('/api/photo')}">`)])
    assert.equal(status, 403)
    assert.equal(stage.upstream.received.length, before)
  })

  scene('a link finds the session', async ({ stage, page, attack }) => {
    await logIn(page, stage)
    await attack(`<a href="${stage.url('/page/from-elsewhere')}">Read this</a>`)
    const [status] = await Promise.all([nextStatus(stage, '/page/*'), page.click('a')])
    assert.equal(status, 200)
    assert.equal(stage.upstream.received.at(-1)?.target, '/page/from-elsewhere')
  })

  scene('neither a form nor a link nor an image logs anybody out', async ({ stage, page, context, attack }) => {
    await logIn(page, stage)
    const before = await sessionCookie(context)
    const logout = stage.url('/auth/logout')
    for (const lure of ['document.forms[0].submit()', 'document.links[0].click()']) {
      await attack(`<img src="${logout}"><form method="post" action="${logout}"></form><a href="${logout}">Prize</a>`)
      const [status] = await Promise.all([nextStatus(stage, 'logout'), page.waitForURL(logout), page.evaluate(lure)])
      assert.ok(status >= 400)
    }
    const answer = await page.goto(stage.url('/auth/user'))
    assert.equal(answer?.status(), 200)
    assert.deepEqual(await sessionCookie(context), before)
  })

  scene('an image or a frame of the login starts none', async ({ stage, page, context, attack }) => {
    const started = () => stage.events.filter(({ kind }) => kind === 'login.started').length
    const before = started()
    const login = stage.url('/auth/login')
    await attack(`<img src="${login}"><iframe src="${login}"></iframe><script src="${login}"></script>`)
    assert.equal(started(), before)
    assert.deepEqual(await context.cookies(stage.publicUrl), [])
    assert.equal(page.frames().length, 2)
  })

  scene('a page of ours does not show itself in a frame', async ({ stage, page, attack }) => {
    const textInFrame = async (path: string) => {
      await attack(`<iframe src="${stage.url(path)}"></iframe>`)
      return (await page.frames()[1]?.locator('body').textContent()) ?? ''
    }
    assert.match(await textInFrame('/public/may-be-framed'), /"ok":true/)
    // Chromium puts an empty page of its own in the place of one that must not be framed.
    assert.equal((await textInFrame('/auth/logged-out')).trim(), '')
  })
}

test('over https the session cookie is bound to its host, to TLS and to the server', async () => {
  const stage = await openStage({ front: 'tls' })
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  try {
    const page = await context.newPage()
    await logIn(page, stage)
    const { name, secure, httpOnly, sameSite, domain, path, value } = await sessionCookie(context)
    assert.deepEqual(
      { name, secure, httpOnly, sameSite, domain, path },
      { name: '__Host-Http-doorman', secure: true, httpOnly: true, sameSite: 'Lax', domain: 'localhost', path: '/' },
    )
    assert.equal(await page.evaluate('document.cookie'), '')
    await page.evaluate(`document.cookie = '__Host-Http-doorman=${'x'.repeat(43)}; Secure; Path=/'`)
    assert.equal((await sessionCookie(context)).value, value)
  } finally {
    await context.close()
    await stage.close()
  }
})

async function logIn(page: Page, stage: Stage): Promise<void> {
  await page.goto(stage.url('/auth/login?return_to=/public/welcome'))
  await page.click('button[name=user][value=alice]')
  await page.waitForURL(stage.url('/public/welcome'))
}

/** Of the next request that the gateway answers on a route. */
function nextStatus(stage: Stage, route: string): Promise<number> {
  return new Promise((resolve) => {
    const end = stage.gateways[0]?.events.subscribe((event) => {
      if (event.kind !== 'request.answered' || event.route !== route) return
      end?.()
      resolve(event.status)
    })
  })
}

async function sessionCookie(context: BrowserContext): Promise<Cookie> {
  const [cookie, ...more] = (await context.cookies()).filter(({ name }) =>
    /^(__Host-Http-doorman|doorman-\d+)$/.test(name),
  )
  assert.ok(cookie !== undefined && more.length === 0)
  return cookie
}
