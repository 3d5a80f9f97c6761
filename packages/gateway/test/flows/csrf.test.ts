// Requests that carry a session's cookie and were not made by our own pages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askGateway, cookieOf, setStage, testOnBothFronts } from '../support/flow.ts'

const OWN = 'own origin'
const FRONTEND = 'front end'
/** On the same site: only the port differs. */
const frontendOf = (publicUrl: string) => publicUrl.replace(/:\d+$/, ':9')
const EVIL = 'https://evil.example'

type Headers = Readonly<Record<string, string>>

/** For POST; `OWN` stands for the origin of `publicUrl`, `FRONTEND` for that of a front end. */
const MATRIX: ReadonlyArray<readonly [headers: Headers, status: 200 | 403]> = [
  [{}, 403],
  [{ 'x-doorman': '1' }, 200],
  [{ 'x-doorman': '0' }, 403],
  [{ referer: OWN }, 403],
  [{ 'content-type': 'text/plain' }, 403],
  [{ 'content-type': 'application/x-www-form-urlencoded' }, 403],
  [{ origin: OWN }, 200],
  [{ origin: FRONTEND }, 200],
  [{ origin: EVIL }, 403],
  [{ origin: EVIL, 'x-doorman': '1' }, 403],
  [{ origin: 'null' }, 403],
  [{ origin: 'null', 'x-doorman': '1' }, 403],
  [{ origin: `${OWN}.evil.example` }, 403],
  [{ 'sec-fetch-site': 'same-origin' }, 200],
  [{ 'sec-fetch-site': 'same-origin', origin: OWN }, 200],
  [{ 'sec-fetch-site': 'same-origin', origin: EVIL }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'sec-fetch-site': 'same-site', origin: OWN }, 403],
  [{ 'sec-fetch-site': 'same-site', origin: FRONTEND }, 200],
  [{ 'sec-fetch-site': 'same-site', 'x-doorman': '1' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'cross-site', origin: OWN }, 403],
  [{ 'sec-fetch-site': 'cross-site', origin: FRONTEND }, 403],
  [{ 'sec-fetch-site': 'cross-site', 'x-doorman': '1' }, 403],
  [{ 'sec-fetch-site': 'none' }, 403],
  [{ 'sec-fetch-site': 'none', 'x-doorman': '1' }, 403],
  [{ 'sec-fetch-site': 'novel' }, 403],
  [{ 'sec-fetch-site': 'novel', 'x-doorman': '1' }, 403],
  [{ 'sec-fetch-site': 'novel', origin: OWN }, 200],
]

testOnBothFronts(
  'an unsafe method needs proof that a page of ours sent it, and foreign evidence always wins',
  async (stage, t) => {
    const cookie = cookieOf(stage, await stage.loggedIn())
    for (const [sent, status] of MATRIX) {
      const headers = Object.fromEntries(
        Object.entries(sent).map(([name, value]) => [
          name,
          value.replace(OWN, stage.publicUrl).replace(FRONTEND, frontendOf(stage.publicUrl)),
        ]),
      )
      await t.test(`${JSON.stringify(sent)} is ${status}`, async () => {
        const before = stage.upstream.received.length
        const answer = await askGateway(stage, '/api/x', { method: 'POST', headers: { ...headers, cookie } })
        assert.equal(answer.status, status)
        assert.equal(stage.upstream.received.length - before, status === 200 ? 1 : 0)
      })
    }
  },
  { config: (publicUrl) => `frontends: [{ origin: "${frontendOf(publicUrl)}" }]` },
)

test('every method that is not safe is guarded, those of our own endpoints too', async (t) => {
  const stage = await setStage(t)
  const cookie = cookieOf(stage, await stage.loggedIn())
  const ask = (method: string, path: string) =>
    askGateway(stage, path, { method, headers: { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' } })
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'REPORT']) {
    assert.equal((await ask(method, '/api/x')).status, 403)
  }
  for (const path of ['/auth/logout', '/auth/refresh']) assert.equal((await ask('POST', path)).status, 403)
  assert.deepEqual(stage.upstream.received, [])
  assert.equal((await ask('POST', '/public/x')).status, 200, 'where no session counts there is nothing to forge')
})

const READS: ReadonlyArray<readonly [name: string, headers: Headers, status: number]> = [
  [
    'a link in a mail',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    200,
  ],
  ['a typed address', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 200],
  ['a client without Fetch Metadata', {}, 200],
  [
    'an image of another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    403,
  ],
  [
    'a script of another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    403,
  ],
  [
    'a frame of another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    403,
  ],
  ['a fetch of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: EVIL }, 403],
  [
    'a fetch of a sibling',
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', origin: 'https://sibling.localhost' },
    403,
  ],
]

test('other sites may link to a page and load nothing', async (t) => {
  const stage = await setStage(t)
  const cookie = cookieOf(stage, await stage.loggedIn())
  for (const [name, headers, status] of READS) {
    await t.test(`${name} is ${status}`, async () => {
      const before = stage.upstream.received.length
      const answer = await askGateway(stage, '/api/x', { headers: { ...headers, cookie } })
      assert.equal(answer.status, status)
      assert.equal(stage.upstream.received.length - before, status === 200 ? 1 : 0)
    })
  }
})

test('who is logged in is told to no other origin', async (t) => {
  const stage = await setStage(t)
  const cookie = cookieOf(stage, await stage.loggedIn())
  for (const headers of [{ origin: EVIL }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    const answer = await askGateway(stage, '/auth/user', { headers: { ...headers, cookie } as Headers })
    assert.equal(answer.status, 403)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
})
