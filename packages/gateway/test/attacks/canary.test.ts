// A whole life of logins, calls, failures and logouts, after which no secret stands anywhere it should not.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FAULTS, type IdTokenFault } from '@doorman/dev-realm'
import { type Browser, type BrowserAnswer, createBrowser } from '@doorman/dev-realm/browser'
import { type Backchannel, openBackchannel } from '../support/backchannel.ts'
import { assertAnswerClean, type CanaryCage, createCanaryCage, recordAnswers } from '../support/canaries.ts'
import { cookieOf, createShiftedClock, locationOf, logInExpired, sessionId, testOnBothFronts } from '../support/flow.ts'
import { bring, callbackUrl } from '../support/login-steps.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { CLIENT_SECRET, type Stage } from '../support/stage.ts'
import { type ReceivedRequest, sayOk } from '../support/test-upstream.ts'

const ALICE = { username: 'alice', password: '' }
const TOKEN_FAULTS = Object.values(FAULTS)
const ID_TOKEN_FAULTS: readonly IdTokenFault[] = ['wrong-nonce', 'bad-signature', 'algorithm-none', 'not-a-token']

const clock = createShiftedClock()
let backchannel: Backchannel

testOnBothFronts(
  'no token, code, state, nonce, verifier, session id or client secret leaves its place',
  async (stage, t) => {
    t.after(() => backchannel.close())
    const answers: BrowserAnswer[] = []
    const raw: string[] = []
    const visit = () => recordAnswers(stage.browser(), answers)
    await liveWell(stage, visit)
    await meetEveryFault(stage, visit)
    await sendNonsense(stage, visit, raw)
    await leave(stage, visit)
    const metrics = await readOperator(stage)
    await Promise.all(stage.gateways.map((gateway) => gateway.close()))

    const cage = createCanaryCage()
    cage.add('client secret', CLIENT_SECRET)
    cage.addBackchannel(backchannel)
    for (const answer of answers) cage.addAnswer(answer)
    assertRich(cage)

    const log = await stage.log()
    assert.ok(log.split('\n').length > 200)
    cage.assertAbsent(log, 'the log')
    cage.assertAbsent(metrics, 'the metrics')
    for (const text of raw) cage.assertAbsent(text, 'an answer to nonsense')
    const own = answers.filter(({ url }) => url.startsWith(stage.publicUrl))
    for (const answer of own) assertAnswerClean(cage, answer, [stage.realm.issuer])
    for (const received of stage.upstream.received) assertUpstreamClean(cage, received)
    for (const file of await readdir(join(stage.folder, 'store'))) {
      cage.assertAbsent(await readFile(join(stage.folder, 'store', file), 'latin1'), `the store's ${file}`)
    }
  },
  {
    gateway: { clock: clock.now },
    config: 'user: { claims: [sub, name, sid, session_state, nonce, at_hash] }',
    realm: { revokeRefreshToken: true, refreshTokenMaxReuse: 1 },
    async backchannel(realmUrl) {
      backchannel = await openBackchannel(realmUrl)
      return backchannel.origin
    },
  },
)

type Visit = () => Browser

async function liveWell(stage: Stage, visit: Visit): Promise<void> {
  const browser = visit()
  await browser.logIn(stage.url('/page/deep?q=1'), ALICE)
  for (const path of ['/api/x', '/auth/user', '/auth/login', '/admin/x', '/public/x'])
    await browser.fetch(stage.url(path))
  await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })
  clock.advance(61)
  assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
  await browser.logIn(stage.url('/auth/login?force=true'), ALICE)
  const silent = visit()
  await silent.follow(stage.url('/auth/login?prompt=none&return_to=/public/x'))
  clock.advance(-61)
}

/** Every way in which the realm can fail a login and a refresh. */
async function meetEveryFault(stage: Stage, visit: Visit): Promise<void> {
  const { faults } = stage.realm
  for (const fault of TOKEN_FAULTS) {
    faults.once('token', fault)
    await visit().logIn(stage.url('/auth/login'), ALICE)
    const expired = await logInExpired({ realm: stage.realm, loggedIn: () => logIn(stage, visit()) })
    faults.once('token', fault)
    faults.once('token', fault)
    await expired.fetch(stage.url('/api/x'))
    await expired.navigate(stage.url('/page/x'))
    faults.clear()
  }
  for (const fault of ID_TOKEN_FAULTS) {
    faults.idToken(fault)
    await visit().logIn(stage.url('/auth/login'), ALICE)
    const expired = await logInExpired({ realm: stage.realm, loggedIn: () => logIn(stage, visit()) })
    faults.idToken(fault)
    await expired.fetch(stage.url('/api/x'))
  }
  for (const fault of ['access-denied', 'server-error', 'wrong-iss', 'omit-iss', 'authentication-expired'] as const) {
    faults.authorization(fault)
    await visit().logIn(stage.url('/auth/login'), ALICE)
  }
  const ended = await logInExpired({ realm: stage.realm, loggedIn: () => logIn(stage, visit()) })
  const offline = await logInExpired({ realm: stage.realm, loggedIn: () => logIn(stage, visit()) })
  const callback = await callbackUrl(stage, visit())
  await stage.realm.stopListening()
  await offline.fetch(stage.url('/api/x'))
  await bring(visit(), callback)
  await stage.realm.startListening()
  stage.realm.endSessionsOf('alice')
  await ended.fetch(stage.url('/api/x'))
}

async function logIn(stage: Stage, browser: Browser): Promise<Browser> {
  await browser.logIn(stage.url('/auth/login'), ALICE)
  return browser
}

/** What is refused, asked for with everything secret that a browser has. */
async function sendNonsense(stage: Stage, visit: Visit, raw: string[]): Promise<void> {
  const browser = await logIn(stage, visit())
  const callback = await callbackUrl(stage, visit(), '/auth/login', 'bob')
  const { search } = new URL(callback)
  const id = sessionId(stage, browser)
  for (const url of [callback, stage.url(`/auth/callback${search}&code=x`), stage.url(`/auth/login${search}`)]) {
    for (const each of [visit(), browser]) await bring(each, url)
  }
  const paths = [
    `/auth/user${search}`,
    `/auth/logout${search}&proof=${id}`,
    `/nothing${search}`,
    `/auth/logged-out${search}`,
  ]
  for (const path of paths) {
    await browser.fetch(stage.url(path))
    await browser.navigate(stage.url(path))
    await browser.fetch(stage.url(path), { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
  }
  const token = { authorization: `Bearer ${await tokenOf(stage, browser)}` }
  for (const path of ['/api/x', '/admin/x', '/public/x', '/auth/user'])
    await visit().fetch(stage.url(path), { headers: token })
  stage.upstream.answer((message) => message.socket.destroy())
  await browser.fetch(stage.url('/api/x'))
  await browser.navigate(stage.url('/page/x'))
  stage.upstream.answer(sayOk)
  const { port } = stage.gateways[0]!.publicAddress
  const cookie = `Cookie: ${cookieOf(stage, browser)}`
  for (const [line, headers] of [
    [`GET /api/x${search}`, ['Host: evil.example', cookie]],
    [`GET /api//x${search}`, [`Host: ${new URL(stage.publicUrl).host}`, cookie]],
    [`GET /api/x${search}`, [cookie, `X-Long: ${'a'.repeat(40_000)}`]],
    [`NONSENSE${search}`, [cookie, 'Content-Length: x']],
  ] as const) {
    const answer = await sendRaw(port, buildRaw(line, headers))
    raw.push(answer.head, answer.body)
  }
}

async function tokenOf(stage: Stage, browser: Browser): Promise<string> {
  await browser.fetch(stage.url('/api/x'))
  return stage.upstream.received.at(-1)?.headers.authorization?.slice('Bearer '.length) ?? ''
}

async function leave(stage: Stage, visit: Visit): Promise<void> {
  const [form, page, link, offline] = await Promise.all(
    [visit(), visit(), visit(), visit()].map((browser) => logIn(stage, browser)),
  )
  const own = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }
  await form!.follow(locationOf(await form!.navigate(stage.url('/auth/logout'), own)).href)
  const { logout_url: onward } = JSON.parse((await page!.fetch(stage.url('/auth/logout'), { method: 'POST' })).body)
  await page!.follow(stage.url(onward))
  const { logout_url: proof } = JSON.parse((await link!.fetch(stage.url('/auth/user'))).body)
  await link!.follow(stage.url(proof))
  await stage.realm.stopListening()
  await offline!.navigate(locationOf(await offline!.navigate(stage.url('/auth/logout'), own)).href)
}

async function readOperator(stage: Stage): Promise<string> {
  const { host, port } = stage.gateways[0]!.operatorAddress
  const paths = ['/metrics', '/readyz', '/healthz', '/nothing']
  const answers = await Promise.all(paths.map((path) => createBrowser().fetch(`http://${host}:${port}${path}`)))
  return answers.map(({ body }) => body).join('\n')
}

/** The search means something: all kinds of secret were there to be found. */
function assertRich(cage: CanaryCage): void {
  const counts = cage.counts()
  for (const kind of [
    'access_token',
    'refresh_token',
    'id_token',
    'sid',
    'code',
    'code_verifier',
    'state',
    'nonce',
    'cookie',
  ]) {
    assert.ok((counts[kind] ?? 0) >= 5, `${kind}: ${counts[kind]}`)
  }
}

/** A service receives the access token where it belongs, and no other secret. */
function assertUpstreamClean(cage: CanaryCage, { target, rawHeaders }: ReceivedRequest): void {
  const headers = [...rawHeaders]
  const token = headers.indexOf('authorization')
  if (token !== -1 && !target.startsWith('/public/')) headers.splice(token, 2)
  cage.assertAbsent([target, ...headers].join('\n'), `the request ${new URL(target, 'http://service').pathname}`)
}
