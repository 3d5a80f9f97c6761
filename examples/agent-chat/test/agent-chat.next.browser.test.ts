// The same application with the gateway in front and with one inside, on the embedded realm.
import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { type RunningExample, startExample } from '../../../scripts/support/example-run.ts'
import { buildNext } from '../../../scripts/support/next-application.ts'
import { enter, testChat, text, visit } from './journey.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))

const POSITIONS = [
  { script: 'start', name: 'with the gateway in front' },
  { script: 'start:embedded', name: 'with the gateway inside' },
]

let browser: Browser
before(async () => {
  await buildNext(FOLDER)
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

    const stage = () => ({
      browser,
      publicUrl: example.publicUrl,
      logIn: (page: Page, username: string) => page.click(`button[name=user][value=${username}]`),
    })
    testChat(stage)

    test('the service takes nobody without a card at its own door', async () => {
      const { status } = await fetch(`${example.addressOf('http://localhost:3001')}/api/agent/session`)
      assert.equal(status, 401)
    })

    if (script === 'start' && process.env.DOORMAN_PICTURES === '1') {
      test('the picture of the README', () =>
        visit(stage(), async (page) => {
          await enter(page, stage(), 'alice')
          await page.getByRole('button', { name: 'Ask' }).click()
          await text(page, '#answer', /room for more\.$/)
          await page.screenshot({ path: join(FOLDER, 'picture.png') })
        }))
    }
  })
}

test('the example is at most 300 lines', () => {
  const names = globSync(['*.yaml', '*.ts', 'app/**/*.{ts,tsx,css}'], { cwd: FOLDER })
  const own = names.filter((name) => name !== 'next-env.d.ts')
  const lines = own.reduce(
    (sum, name) => sum + readFileSync(join(FOLDER, name), 'utf8').trimEnd().split('\n').length,
    0,
  )
  assert.ok(lines > 100 && lines <= 300, String(lines))
})

test('the picture is small', () => {
  assert.ok(statSync(join(FOLDER, 'picture.png')).size <= 60_000)
})
