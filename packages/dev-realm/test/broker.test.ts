import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DevRealmPair } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '../src/browser.ts'
import { pairFor } from './support/realm-pair.ts'
import { authorizationUrl, browse, logIn, responseOf, submit } from './support/relying-party.ts'

function modelsUrl({ models }: DevRealmPair, changes = {}): string {
  return authorizationUrl(models, { client_id: 'model-gateway', kc_idp_hint: 'main', ...changes })
}

/** As far as the redirect that returns to the second realm. */
async function findReturn(browser: Browser, pair: DevRealmPair): Promise<string> {
  await logIn(pair.main, 'alice', {}, browser)
  let url = modelsUrl(pair)
  for (;;) {
    const location = (await browser.navigate(url)).headers.get('location')
    assert.ok(location)
    url = new URL(location, url).href
    if (url.startsWith(`${pair.models.issuer}/broker/`)) return url
  }
}

test('an unknown hint shows the ordinary login page', async (t) => {
  const pair = await pairFor(t)
  const page = await browse(createBrowser(), modelsUrl(pair, { kc_idp_hint: 'nobody' }))
  assert.equal(page.status, 200)
  assert.equal(page.url.startsWith(pair.models.issuer), true)
})

test('whoever cancels in the first realm comes back refused', async (t) => {
  const pair = await pairFor(t)
  const browser = createBrowser()
  const page = await browse(browser, modelsUrl(pair))
  assert.equal(page.url.startsWith(pair.main.issuer), true)
  const answer = await submit(browser, page, { cancel: 'true' })
  assert.equal(responseOf(answer).get('error'), 'access_denied')
})

test('prompt=login is passed on: the person is asked again', async (t) => {
  const pair = await pairFor(t)
  const browser = createBrowser()
  await logIn(pair.main, 'alice', {}, browser)
  const page = await browse(browser, modelsUrl(pair, { prompt: 'login' }))
  assert.equal(page.url.startsWith(pair.main.issuer), true)
  assert.equal(responseOf(await submit(browser, page, { user: 'alice' })).has('code'), true)
})

test('a return with a state nobody was given is refused, and one is good once', async (t) => {
  const pair = await pairFor(t)
  const browser = createBrowser()
  const back = new URL(await findReturn(browser, pair))
  const forged = new URL(back)
  forged.searchParams.set('state', 'somebody-elses')
  assert.equal((await browser.navigate(forged.href)).status, 400)
  assert.equal((await browser.navigate(back.href)).status, 302)
  assert.equal((await browser.navigate(back.href)).status, 400)
})

test("a return in somebody else's browser logs nobody in", async (t) => {
  const pair = await pairFor(t)
  const back = await findReturn(createBrowser(), pair)
  const stranger = createBrowser()
  const last = (await stranger.follow(back)).at(-1)
  assert.equal(last?.status, 400)
  assert.deepEqual(pair.models.sessions(), [])
})

test('what came of one login does not finish another', async (t) => {
  const pair = await pairFor(t)
  const attacker = createBrowser()
  const result = (await attacker.navigate(await findReturn(attacker, pair))).headers.get('location')
  const victim = createBrowser()
  const page = await browse(victim, modelsUrl(pair, { kc_idp_hint: 'nobody' }))
  const swapped = `${page.url}${new URL(result ?? '').search}`
  assert.equal((await victim.follow(swapped)).at(-1)?.status, 400)
  assert.deepEqual(pair.models.sessions(), [])
})

test('a disabled person of the second realm cannot log in', async (t) => {
  const pair = await pairFor(t)
  pair.models.directory.setUser('alice', { enabled: false })
  const browser = createBrowser()
  await logIn(pair.main, 'alice', {}, browser)
  assert.equal((await browse(browser, modelsUrl(pair))).status, 400)
})

test('a new person does not take over one who is not linked', async (t) => {
  const pair = await pairFor(t)
  pair.models.directory.setUser('alice', { federated: {} })
  const browser = createBrowser()
  await logIn(pair.main, 'alice', {}, browser)
  assert.equal((await browse(browser, modelsUrl(pair))).status, 400)
  assert.deepEqual(pair.models.sessions(), [])
})

test('an ID token that was not meant for this login logs nobody in', async (t) => {
  for (const fault of ['wrong-nonce', 'wrong-audience', 'bad-signature', 'absent'] as const) {
    const pair = await pairFor(t)
    const browser = createBrowser()
    await logIn(pair.main, 'alice', {}, browser)
    pair.main.faults.idToken(fault)
    assert.equal((await browse(browser, modelsUrl(pair))).status, 400, fault)
  }
})
