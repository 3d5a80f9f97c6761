// What older front ends are allowed, as a real browser asks for it: their own calls, and those of whoever lures them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../../../../scripts/support/chromium.ts'
import { openOldBff } from '../support/old-contracts.ts'

const traps = (url: string) => `<link rel="prefetch" href="${url}"><link rel="stylesheet" href="${url}">
<script src="${url}"></script><img src="${url}"><iframe src="${url}"></iframe>`
const TRAPS = 5

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

test('a page of before makes its calls, and nobody else logs it out by a link, an image or a frame', async (t) => {
  const stage = await openOldBff(t)
  stage.upstream.answer((message, response) => {
    const body = message.url?.startsWith('/trapped') ? traps('/logout') + traps('/get_model_tokens') : 'Hello'
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${body}`)
  })
  const elsewhere = createServer((_message, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<!doctype html>${traps(stage.url('/logout'))}<a href="${stage.url('/logout')}">Prize</a>`)
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const page = await browser.newPage()
  page.setDefaultTimeout(15_000)
  t.after(async () => {
    await page.close()
    elsewhere.closeAllConnections()
    elsewhere.close()
  })

  await page.goto(stage.url('/login?redirect_uri=/dashboard'))
  await page.click('button[name=user][value=alice]')
  await page.waitForURL(/\/dashboard\?sid=/)
  const status = (path: string) => page.evaluate(`fetch('${path}' + location.search).then(({ status }) => status)`)
  for (const path of ['/user-info', '/refresh', '/get_model_tokens']) assert.equal(await status(path), 200, path)

  const answered: number[] = []
  page.on('response', (response) => {
    if (/\/(logout|get_model_tokens)$/.test(response.url())) answered.push(response.status())
  })
  await page.goto(stage.url('/trapped'), { waitUntil: 'networkidle' })
  assert.ok(answered.length >= 2 * (TRAPS - 1), String(answered))
  assert.deepEqual(new Set(answered), new Set([403]))
  await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`, { waitUntil: 'load' })
  await page.click('text=Prize')
  await page.waitForSelector('h1:text("Log out?")')
  await page.goto(stage.url('/dashboard'))
  assert.equal(await status('/user-info'), 200, 'still logged in')

  await page.evaluate(`location.href = '/logout?redirect_uri=/bye'`)
  await page.waitForURL(stage.url('/bye'))
  assert.equal(await status('/user-info'), 401)
})
