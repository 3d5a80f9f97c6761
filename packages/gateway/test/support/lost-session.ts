// People whose tokens are lost: the realm has spent the old ones, and its answer with the new ones never arrived.
import assert from 'node:assert/strict'
import { FAULTS } from '@doorman/dev-realm'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { locationOf } from './flow.ts'
import type { Stage } from './stage.ts'

/** For `setStage`: each refresh token is good for one use. */
export const ROTATING = { revokeRefreshToken: true, refreshTokenMaxReuse: 0 }

/** The next refresh of anybody is spent and its answer lost. */
export function loseNextRefresh(stage: Pick<Stage, 'realm'>): void {
  stage.realm.faults.once('token', FAULTS.cutAfter)
}

/** What the browser is told that asks for new tokens and loses them. */
export async function loseTokens(stage: Pick<Stage, 'realm' | 'url'>, browser: Browser): Promise<BrowserAnswer> {
  loseNextRefresh(stage)
  const answer = await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })
  assert.equal(answer.status, 401)
  return answer
}

export async function logInLost(stage: Pick<Stage, 'realm' | 'url' | 'loggedIn'>, username?: string): Promise<Browser> {
  const browser = await stage.loggedIn(username)
  await loseTokens(stage, browser)
  return browser
}

/** A page up to the realm's answer to its silent login, which nobody has brought to the gateway yet. */
export async function silentCallback(stage: Stage, browser: Browser, path: string): Promise<string> {
  const started = await browser.navigate(stage.url(path))
  assert.equal(locationOf(started).searchParams.get('prompt'), 'none')
  return locationOf(await browser.navigate(locationOf(started).href)).href
}

/** What of a browser's way a person would see. */
export function pagesSeen(answers: readonly BrowserAnswer[]): readonly string[] {
  return answers.filter(({ status }) => status !== 302 && status !== 303).map(({ url }) => url)
}

/** How often the realm was asked to log in without a page. */
export function silentLogins(stage: Pick<Stage, 'realm'>): number {
  return stage.realm.calls.list('auth').filter(({ parameters }) => parameters.prompt === 'none').length
}
