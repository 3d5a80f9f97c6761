// People in a real browser, in both positions: what they see from the first byte on, what other tabs hear, and that no token
// reaches any of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page, Request as PageRequest } from 'playwright-core'
import { request } from 'undici'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { createCanaryCage } from '../../gateway/test/support/canaries.ts'
import { CLIENT_SECRET, type NextStage, openNextStage, POSITIONS, WEB_SECRET } from './support/next-stage.ts'

const STEP_MILLISECONDS = 15_000

let chromium: Browser
before(async () => {
  chromium = await launchChromium()
})
after(() => chromium?.close())

for (const position of POSITIONS) {
  let stage: NextStage
  let context: BrowserContext
  let page: Page
  let orders = 0
  before(async () => {
    stage = await openNextStage(position)
    stage.agent.answer((message, response) => {
      if (message.method === 'POST') orders += 1
      message.resume().on('end', () => response.end(`${orders} orders`))
    })
    context = await chromium.newContext({ extraHTTPHeaders: { 'accept-encoding': 'identity' } })
    context.setDefaultTimeout(STEP_MILLISECONDS)
    page = await context.newPage()
  })
  after(async () => {
    await context?.close()
    await stage?.close()
  })

  function who(where: Page, name: string) {
    return where.waitForFunction(`document.querySelector('#who')?.textContent === '${name}'`)
  }

  test(`${position}: a link signs in, and the page knows the name from its first byte`, async () => {
    const asked = listenToAuth(page, stage)
    await page.goto(stage.url('/?tab=2'), { waitUntil: 'networkidle' })
    await who(page, 'nobody')
    await page.hover('text=Sign in')
    assert.deepEqual(asked(), [])
    await page.click('text=Sign in')
    await page.click('button[name=user][value=alice]')
    await page.waitForURL(stage.url('/?tab=2'))
    const html = await (await page.reload())?.text()
    assert.match(html ?? '', /<p id="who">Alice Test<\/p>/)
    assert.doesNotMatch(html ?? '', />nobody</)
    await who(page, 'Alice Test')
  })

  test(`${position}: a page that knows who is there listens, and does not ask again and again`, async () => {
    const asked = listenToAuth(page, stage)
    await page.goto(stage.url('/'))
    await who(page, 'Alice Test')
    await page.click('text=Orders')
    await page.waitForSelector('#orders')
    await page.goBack()
    await who(page, 'Alice Test')
    assert.deepEqual(asked(), ['/auth/events'])
  })

  test(`${position}: links lead on without loading the page anew, and a role refuses`, async () => {
    await page.evaluate('window.isOld = true')
    await page.click('text=Orders')
    await page.waitForSelector('#orders')
    await page.goBack()
    await page.click('text=Admin')
    await page.waitForSelector('#forbidden')
    assert.equal(await page.evaluate('window.isOld'), true)
  })

  test(`${position}: a server action works, and not for the page of another site`, async () => {
    await page.goto(stage.url('/action'))
    assert.equal(await page.textContent('#count'), '0 orders')
    const [sent] = await Promise.all([
      page.waitForRequest((asked) => asked.method() === 'POST'),
      page.click('button:text("Order")'),
    ])
    await page.waitForFunction("document.querySelector('#count')?.textContent === '1 orders'")
    assert.ok((await replayFromElsewhere(sent)) >= 400)
    assert.equal(orders, 1)
  })

  test(`${position}: other tabs hear a sign-out at once, and are led to the login by the next link`, async () => {
    const other = await context.newPage()
    const signedOut = Promise.withResolvers<void>()
    // It hears of the session for the first time when there is none any more.
    await other.route('**/auth/events', async (route) => {
      await signedOut.promise
      await route.continue()
    })
    await other.goto(stage.url('/'))
    await who(other, 'Alice Test')
    await other.evaluate('window.isOld = true')
    await page.goto(stage.url('/'))
    await page.click('text=Sign out')
    await who(page, 'nobody')
    signedOut.resolve()
    await who(other, 'nobody')
    assert.equal(await other.evaluate('window.isOld'), true)
    await other.click('text=Orders')
    await other.click('button[name=user][value=carol]')
    await other.waitForURL(stage.url('/orders'))
    assert.match((await other.textContent('#orders')) ?? '', /Carol Test/)
    await other.goto(stage.url('/admin'))
    assert.equal(await other.textContent('#admin'), 'Carol Test is an admin')
    await other.goto(stage.url('/private'))
    assert.equal(await other.textContent('#private'), 'Carol Test')
  })

  test(`${position}: where no proxy looks, pages and actions send nobody to the login themselves`, async () => {
    const own = await chromium.newContext()
    own.setDefaultTimeout(STEP_MILLISECONDS)
    const stranger = await own.newPage()
    await stranger.goto(stage.url('/open'))
    await stranger.click('button:text("Order")')
    await stranger.waitForSelector('button[name=user][value=alice]')
    await stranger.goto(stage.url('/open'))
    await stranger.click('text=Mine')
    await stranger.click('button[name=user][value=alice]')
    await stranger.waitForURL(stage.url('/open/mine'))
    assert.equal(await stranger.textContent('#mine'), 'Alice Test')
    assert.equal(orders, 1)
    await own.close()
  })

  test(`${position}: no token of all this has reached the browser`, () => {
    const cage = createCanaryCage()
    cage.add('client secret', CLIENT_SECRET)
    cage.add('service secret', WEB_SECRET)
    cage.addBackchannel(stage.backchannel)
    for (const [, token] of stage.between?.asked().matchAll(/authorization: Bearer (\S+)/gi) ?? []) {
      cage.add('internal token', token)
    }
    const known = cage.counts()
    const kinds = ['access_token', 'refresh_token', 'id_token']
    for (const kind of position === 'behind' ? [...kinds, 'internal token'] : kinds) assert.ok(known[kind]! > 1, kind)
    const told = stage.front.told()
    assert.match(told, /text\/x-component[\s\S]*Alice Test/)
    assert.match(told, /event: session\n/)
    assert.match(told, /id_token_hint=/)
    cage.assertAbsent(
      told.replaceAll(/id_token_hint=[\w.-]+/g, '').replaceAll(/code=[\w-]+/g, ''),
      'what the browser got',
    )
    cage.assertAbsent(stage.next.output(), 'the output of the application')
  })
}

/** Paths below `/auth/` that the page has asked for since. */
function listenToAuth(page: Page, { url }: NextStage): () => string[] {
  const paths: string[] = []
  page.on('request', (asked) => {
    if (asked.url().startsWith(url('/auth/'))) paths.push(new URL(asked.url()).pathname)
  })
  return () => [...paths]
}

/** As the page of another site would make the browser send it. */
async function replayFromElsewhere(sent: PageRequest): Promise<number> {
  const headers = Object.entries(await sent.allHeaders()).filter(([name]) => !/^(:|host$|content-length$)/.test(name))
  const { statusCode, body } = await request(sent.url(), {
    method: 'POST',
    headers: { ...Object.fromEntries(headers), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    body: sent.postDataBuffer(),
  })
  await body.dump()
  return statusCode
}
