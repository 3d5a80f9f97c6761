// `next dev` behind a gateway: what it tells the page while the sources change comes by a WebSocket.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { type NextStage, openNextStage } from './support/next-stage.ts'

let stage: NextStage
let chromium: Browser
let page: Page
before(async () => {
  stage = await openNextStage('behind', { command: 'dev' })
  chromium = await launchChromium()
  page = await chromium.newPage()
})
after(async () => {
  await chromium?.close()
  await stage?.close()
})

test('the WebSocket of hot reloading passes the gateway, and nothing is blocked', async () => {
  const refused: string[] = []
  page.on('response', (response) => {
    if (response.status() === 403) refused.push(response.url())
  })
  const connected = page.waitForEvent('console', { predicate: (message) => message.text() === '[HMR] connected' })
  const socket = page.waitForEvent('websocket')
  await page.goto(stage.url('/open'))
  assert.match((await socket).url(), new RegExp(`^ws://localhost:${stage.front.port}/_next/`))
  await connected
  assert.deepEqual(refused, [])
})

test('what is changed in the sources is seen without loading the page anew', async () => {
  await page.evaluate('window.isOld = true')
  const file = join(stage.sources, 'app', 'open', 'page.tsx')
  await writeFile(file, (await readFile(file, 'utf8')).replace('>Mine<', '>Mine since now<'))
  await page.waitForSelector('text=Mine since now')
  assert.equal(await page.evaluate('window.isOld'), true)
})

test('a server action works without a word about origins in next.config.ts', async () => {
  let orders = 0
  stage.agent.answer((message, response) => {
    if (message.method === 'POST') orders += 1
    message.resume().on('end', () => response.end(`${orders} orders`))
  })
  await page.goto(stage.url('/action'))
  await page.click('button[name=user][value=alice]')
  await page.waitForURL(stage.url('/action'))
  await page.click('button:text("Order")')
  await page.waitForFunction("document.querySelector('#count')?.textContent === '1 orders'")
})
