// `next dev` behind a gateway: what it tells the page while the sources change comes by a WebSocket.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { openNextStage } from './support/next-stage.ts'

test('the WebSocket of hot reloading passes the gateway, and nothing is blocked', async (t) => {
  const stage = await openNextStage('behind', { command: 'dev' })
  t.after(() => stage.close())
  const chromium = await launchChromium()
  t.after(() => chromium.close())
  const page = await chromium.newPage()
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
