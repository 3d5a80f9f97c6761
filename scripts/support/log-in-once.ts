// In and out again, as somebody who sees an application for the first time.
import { createBrowser } from '@doorman/dev-realm/browser'
import { findChromium, launchChromium } from './chromium.ts'

const STEP_MILLISECONDS = 15_000
const TOKEN = /eyJ[\w-]{8,}\.[\w-]{8,}\./

/** Alice's, whose name has to be on the page, between a link that signs in and a button that signs out. */
export async function logInOnce(publicUrl: string): Promise<void> {
  const isThere = (await findChromium()) !== undefined
  await (isThere ? logInWithChromium(publicUrl) : logInWithoutWindow(publicUrl))
}

async function logInWithChromium(publicUrl: string): Promise<void> {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(STEP_MILLISECONDS)
    await page.goto(publicUrl)
    await page.click('a[href^="/auth/login"]')
    await page.click('button[name=user][value=alice]')
    await page.getByText('Alice').waitFor()
    expectNoToken(await page.content())
    await page.click('form[action^="/auth/logout"] button')
    await page.locator('a[href^="/auth/login"]').waitFor()
  } finally {
    await browser.close()
  }
}

async function logInWithoutWindow(publicUrl: string): Promise<void> {
  const browser = createBrowser()
  const answers = await browser.logIn(`${publicUrl}/auth/login`, { username: 'alice', password: '' })
  const body = answers.at(-1)?.body ?? ''
  if (!body.includes('Alice')) throw new Error('the page does not name who has logged in')
  expectNoToken(body)
}

function expectNoToken(text: string): void {
  if (TOKEN.test(text)) throw new Error('there is a token in the page')
}
