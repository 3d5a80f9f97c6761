import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': '__Host-a=1; Secure; Path=/; HttpOnly' })
  response.end('<h1>Good evening</h1>')
})
let browser: Browser
let url: string

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://localhost:${(server.address() as AddressInfo).port}/`
  browser = await launchChromium()
})
after(async () => {
  await browser.close()
  server.close()
})

test('Chromium renders a page and hides a cookie from it', async () => {
  const page = await browser.newPage()
  await page.goto(url)
  assert.equal(await page.textContent('h1'), 'Good evening')
  assert.equal(await page.evaluate('document.cookie'), '')
  assert.deepEqual(
    (await page.context().cookies()).map((cookie) => cookie.name),
    ['__Host-a'],
  )
})

test('Chromium reaches nothing outside this machine', async () => {
  const page = await browser.newPage()
  await assert.rejects(page.goto('http://example.com/'), /ERR_NAME_NOT_RESOLVED/)
})
