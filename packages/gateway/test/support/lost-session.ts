// People whose tokens are lost: the realm has spent the old ones, and its answer with the new ones never arrived.
import assert from 'node:assert/strict'
import { FAULTS } from '@doorman/dev-realm'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { locationOf, logInExpired, statusOf } from './flow.ts'
import type { Stage } from './stage.ts'

/** For `setStage`: each refresh token is good for one use. */
export const ROTATING = { revokeRefreshToken: true, refreshTokenMaxReuse: 0 }

/** Somebody whose next request will find that their tokens are lost. */
export async function logInLosing(stage: Pick<Stage, 'realm' | 'loggedIn'>, username?: string): Promise<Browser> {
  const browser = await logInExpired(stage, username)
  stage.realm.faults.once('token', FAULTS.cutAfter)
  return browser
}

/** Somebody with a lost session. */
export async function logInLost(stage: Stage, username?: string): Promise<Browser> {
  const browser = await logInLosing(stage, username)
  assert.equal(await statusOf(stage, browser), 401)
  return browser
}

/** A page up to the realm's answer to its silent login, which nobody has brought to the gateway yet. */
export async function silentCallback(stage: Stage, browser: Browser, path: string): Promise<string> {
  const started = await browser.navigate(stage.url(path))
  assert.equal(locationOf(started).searchParams.get('prompt'), 'none')
  const answered = await browser.navigate(locationOf(started).href, { headers: { 'sec-fetch-site': 'same-site' } })
  return locationOf(answered).href
}

/** What of a page's way a person would see. */
export function pagesSeen(answers: readonly BrowserAnswer[]): readonly string[] {
  return answers.filter(({ status }) => status !== 302 && status !== 303).map(({ url }) => url)
}
