// The same application with the gateway in front and with one inside, on the embedded realm.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { type RunningExample, startExample } from '../../../scripts/support/example-run.ts'
import { testChat } from './journey.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))

const PICTURE = join(FOLDER, 'picture.png')

const POSITIONS = [
  { script: 'start', name: 'with the gateway in front' },
  { script: 'start:embedded', name: 'with the gateway inside' },
]

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser?.close())

for (const { script, name } of POSITIONS) {
  describe(name, () => {
    let example: RunningExample
    before(async () => {
      example = await startExample({ folder: FOLDER, script })
    })
    after(() => example?.close())

    testChat(() => ({
      browser,
      publicUrl: example.publicUrl,
      logIn: (page, username) => page.click(`button[name=user][value=${username}]`),
      ...(script === 'start' && process.env.DOORMAN_PICTURES === '1' ? { picture: PICTURE } : {}),
    }))

    test('the service takes nobody without a card at its own door', async () => {
      const { status } = await fetch(`${example.addressOf('http://localhost:3001')}/api/agent/session`)
      assert.equal(status, 401)
    })
  })
}
