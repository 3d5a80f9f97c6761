// A browser that several people use: at a second realm nobody is taken for the person before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { decode, logInExpired, problemCode, userOf } from '../support/flow.ts'
import { type PairStage, setPairStage, tokenSent } from '../support/pair-stage.ts'

async function whoAtModels(stage: PairStage, browser: Browser): Promise<unknown> {
  assert.equal((await browser.follow(stage.url('/models/x'))).at(-1)?.status, 200)
  const token = decode(tokenSent(stage) ?? '')
  assert.equal(token.iss, stage.models.issuer)
  return token.preferred_username
}

async function leave(stage: PairStage, browser: Browser): Promise<string> {
  const left = await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  const url = JSON.parse(left.body).logout_url
  await browser.follow(stage.url(url))
  return url
}

const logInAs = (stage: PairStage, browser: Browser, username: string, path = '/auth/login') =>
  browser.logIn(stage.url(path), { username, password: '' })

test('who logs in after somebody has logged out gets no token of theirs from the second realm', async (t) => {
  const stage = await setPairStage(t)
  const browser = await stage.loggedIn('alice')
  assert.equal(await whoAtModels(stage, browser), 'alice')
  await leave(stage, browser)
  assert.equal(stage.models.calls.count('logout'), 1)
  await logInAs(stage, browser, 'bob')
  assert.equal((await userOf(stage, browser)).preferred_username, 'bob')
  assert.equal(await whoAtModels(stage, browser), 'bob')
})

test('who logs in where somebody else is still logged in gets no token of theirs from the second realm', async (t) => {
  const stage = await setPairStage(t)
  const browser = await stage.loggedIn('alice')
  assert.equal(await whoAtModels(stage, browser), 'alice')
  stage.realm.endSessionsOf('alice')
  await logInAs(stage, browser, 'bob', '/auth/login?force=true')
  assert.equal((await userOf(stage, browser)).preferred_username, 'bob')
  assert.equal(await whoAtModels(stage, browser), 'bob')
})

test('who logs in after a session that the realm has ended gets no token of it from the second realm', async (t) => {
  const stage = await setPairStage(t)
  const browser = await logInExpired(stage, 'alice')
  await logInAs(stage, browser, 'alice', '/auth/login/models?return_to=/nothing')
  stage.realm.endSessionsOf('alice')
  assert.equal((await browser.fetch(stage.url('/reports/x'))).status, 401)
  await stage.models.calls.reached('logout', 1)
  await logInAs(stage, browser, 'bob')
  assert.equal(await whoAtModels(stage, browser), 'bob')
})

test('a person’s own new login leaves their session at the second realm alone', async (t) => {
  const stage = await setPairStage(t)
  const browser = await stage.loggedIn('alice')
  await whoAtModels(stage, browser)
  await logInAs(stage, browser, 'alice', '/auth/login?force=true')
  assert.equal(stage.models.calls.count('logout'), 0)
  assert.equal(await whoAtModels(stage, browser), 'alice')
})

test('a second realm that does not confirm a logout is told of, and ours has ended all the same', async (t) => {
  const stage = await setPairStage(t)
  const browser = await stage.loggedIn('alice')
  await whoAtModels(stage, browser)
  await stage.models.stopListening()
  assert.match(await leave(stage, browser), /realm=unconfirmed$/)
  assert.equal(problemCode(await browser.fetch(stage.url('/models/x'))), 'login_required')
})
