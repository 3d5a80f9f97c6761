// A login step by step, for what happens between the steps.
import assert from 'node:assert/strict'
import { type Browser, type BrowserAnswer, type BrowserRequest, findLoginForm } from '@doorman/dev-realm/browser'
import { locationOf } from './flow.ts'
import type { Stage } from './stage.ts'

/** What a browser says when the realm has sent it. */
export const FROM_REALM = { 'sec-fetch-site': 'cross-site' }

/** A form of the realm's page, sent from that page. */
export function post(form: Readonly<Record<string, string>>): BrowserRequest {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
  return { method: 'POST', headers, body: new URLSearchParams(form).toString() }
}

/** Opens a login in a tab, up to the realm's page. */
export async function openLogin(stage: Stage, browser: Browser, path = '/auth/login'): Promise<BrowserAnswer> {
  const page = (await browser.follow(stage.url(path))).at(-1)
  assert.ok(page !== undefined && findLoginForm(page) !== undefined, 'the realm shows its login page')
  return page
}

/** Chooses a person on the realm's page; the address the realm then sends the browser to. */
export async function choosePerson(browser: Browser, page: BrowserAnswer, username = 'alice'): Promise<string> {
  const form = findLoginForm(page)
  assert.ok(form)
  const request = post({ ...Object.fromEntries(form.fields), user: username })
  let answer = await browser.navigate(form.action, request)
  const realm = new URL(page.url).origin
  while (locationOf(answer).origin === realm) answer = await browser.navigate(locationOf(answer).href)
  return locationOf(answer).href
}

/** A login up to the realm's answer, which nobody has brought to the gateway yet. */
export async function callbackUrl(stage: Stage, browser: Browser, path?: string, username?: string): Promise<string> {
  return choosePerson(browser, await openLogin(stage, browser, path), username)
}

export function bring(browser: Browser, callback: string): Promise<BrowserAnswer> {
  return browser.navigate(callback, { headers: FROM_REALM })
}

/** How many codes the gateways have sent to the realm. */
export function redemptions(stage: Stage): number {
  return stage.realm.calls.count('token', 'authorization_code')
}
