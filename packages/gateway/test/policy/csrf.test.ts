import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { judgeOrigin } from '../../src/policy/csrf.ts'

const OWN = 'https://app.example'
const ADMIN = 'https://admin.example'
const PARTNER = 'https://desk.partner.example'
const RULES = { ownOrigin: OWN, frontends: [ADMIN], crossSiteFrontends: [PARTNER] }

interface Evidence {
  readonly site?: string
  readonly mode?: string
  readonly dest?: string
  readonly origin?: string
  readonly doorman?: string
}

function judge(method: string, { site, mode, dest, origin, doorman }: Evidence): string {
  const sent = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest, origin, 'x-doorman': doorman }
  return judgeOrigin({ method, headers: sent }, RULES).kind
}

const UNSAFE: readonly [number, string, Evidence, 'accepted' | 'refused'][] = [
  [173, 'another site', { site: 'cross-site' }, 'refused'],
  [173, 'another site with our header', { site: 'cross-site', doorman: '1' }, 'refused'],
  [173, 'another site with our Origin', { site: 'cross-site', origin: OWN }, 'refused'],
  [174, 'a sibling', { site: 'same-site' }, 'refused'],
  [174, 'a sibling that is no front end', { site: 'same-site', origin: 'https://blog.example' }, 'refused'],
  [174, 'a front end on the same site', { site: 'same-site', origin: ADMIN }, 'accepted'],
  [175, 'our page', { site: 'same-origin' }, 'accepted'],
  [175, 'our page with its Origin', { site: 'same-origin', origin: OWN }, 'accepted'],
  [
    175,
    'a page of ours by site, of another by Origin',
    { site: 'same-origin', origin: 'https://evil.example' },
    'refused',
  ],
  [175, 'a page of ours by site, a front end by Origin', { site: 'same-origin', origin: ADMIN }, 'refused'],
  [175, 'the address bar', { site: 'none', mode: 'navigate', dest: 'document' }, 'refused'],
  [175, 'the address bar with our header', { site: 'none', doorman: '1' }, 'refused'],
  [176, 'our Origin alone', { origin: OWN }, 'accepted'],
  [176, 'the Origin of a front end alone', { origin: ADMIN }, 'accepted'],
  [176, 'another Origin alone', { origin: 'https://evil.example' }, 'refused'],
  [176, 'another Origin with our header', { origin: 'https://evil.example', doorman: '1' }, 'refused'],
  [176, 'our Origin on another port', { origin: 'https://app.example:8443' }, 'refused'],
  [176, 'our Origin by http', { origin: 'http://app.example' }, 'refused'],
  [176, 'an Origin that ends like ours', { origin: 'https://evil-app.example' }, 'refused'],
  [176, 'two Origins', { origin: `${OWN}, https://evil.example` }, 'refused'],
  [176, 'nothing at all', {}, 'refused'],
  [176, 'our header alone', { doorman: '1' }, 'accepted'],
  [176, 'our header with another value', { doorman: 'true' }, 'refused'],
  [177, 'Origin null', { origin: 'null' }, 'refused'],
  [177, 'Origin null from our page', { site: 'same-origin', origin: 'null' }, 'refused'],
  [177, 'Origin null with our header', { origin: 'null', doorman: '1' }, 'refused'],
  [182, 'a site nobody knows', { site: 'same-planet' }, 'refused'],
  [182, 'a site nobody knows with our header', { site: 'same-planet', doorman: '1' }, 'refused'],
  [182, 'a site nobody knows with our Origin', { site: 'same-planet', origin: OWN }, 'accepted'],
  [182, 'two sites', { site: 'same-origin, cross-site' }, 'refused'],
  [182, 'a site in capitals', { site: 'SAME-ORIGIN' }, 'refused'],
]

const UNSAFE_CROSS_SITE: readonly [number, string, Evidence, 'accepted' | 'refused'][] = [
  [174, 'a fetch of a front end on another site', { site: 'cross-site', mode: 'cors', origin: PARTNER }, 'accepted'],
  [176, 'the Origin of a front end on another site alone', { origin: PARTNER }, 'accepted'],
  [173, 'that site without an Origin', { site: 'cross-site', mode: 'cors' }, 'refused'],
  [173, 'that site with our header', { site: 'cross-site', mode: 'cors', doorman: '1' }, 'refused'],
  [
    173,
    'that front end by a form',
    { site: 'cross-site', mode: 'navigate', dest: 'document', origin: PARTNER },
    'refused',
  ],
  [
    173,
    'that front end in a frame',
    { site: 'cross-site', mode: 'navigate', dest: 'iframe', origin: PARTNER },
    'refused',
  ],
  [173, 'that front end without a mode', { site: 'cross-site', origin: PARTNER }, 'refused'],
  [173, 'a sibling of it', { site: 'cross-site', mode: 'cors', origin: 'https://blog.partner.example' }, 'refused'],
  [
    173,
    'an origin that begins like it',
    { site: 'cross-site', mode: 'cors', origin: `${PARTNER}.evil.example` },
    'refused',
  ],
  [174, 'that front end as if on our site', { site: 'same-site', mode: 'cors', origin: PARTNER }, 'refused'],
  [175, 'that front end as if it were us', { site: 'same-origin', mode: 'cors', origin: PARTNER }, 'refused'],
  [173, 'a front end of our site from another one', { site: 'cross-site', mode: 'cors', origin: ADMIN }, 'refused'],
]

suite('a request that changes something', () => {
  for (const [row, name, evidence, expected] of [...UNSAFE, ...UNSAFE_CROSS_SITE]) {
    for (const method of ['POST', 'DELETE', 'PROPFIND']) {
      test(`${method} by ${name} is ${expected} (checklist ${row})`, () =>
        assert.equal(judge(method, evidence), expected))
    }
  }
})

const SAFE: readonly [number, string, Evidence, 'accepted' | 'refused'][] = [
  [178, 'an image on another site', { site: 'cross-site', mode: 'no-cors', dest: 'image' }, 'refused'],
  [178, 'a script on another site', { site: 'cross-site', mode: 'no-cors', dest: 'script' }, 'refused'],
  [178, 'an image on a sibling', { site: 'same-site', mode: 'no-cors', dest: 'image' }, 'refused'],
  [178, 'a fetch of another site', { site: 'cross-site', mode: 'cors', origin: 'https://evil.example' }, 'refused'],
  [178, 'a fetch of a front end', { site: 'same-site', mode: 'cors', origin: ADMIN }, 'accepted'],
  [178, 'a frame on another site', { site: 'cross-site', mode: 'navigate', dest: 'iframe' }, 'refused'],
  [178, 'a link on another site', { site: 'cross-site', mode: 'navigate', dest: 'document' }, 'accepted'],
  [178, 'a link on a sibling', { site: 'same-site', mode: 'navigate', dest: 'document' }, 'accepted'],
  [178, 'another site that does not say what for', { site: 'cross-site' }, 'refused'],
  [175, 'the address bar', { site: 'none', mode: 'navigate', dest: 'document' }, 'accepted'],
  [175, 'no page and no navigation', { site: 'none', mode: 'no-cors' }, 'refused'],
  [175, 'our page', { site: 'same-origin', mode: 'no-cors', dest: 'image' }, 'accepted'],
  [176, 'nothing at all', {}, 'accepted'],
  [176, 'another Origin alone', { origin: 'https://evil.example' }, 'refused'],
  [177, 'Origin null', { origin: 'null' }, 'refused'],
  [182, 'a site nobody knows', { site: 'same-planet', mode: 'no-cors' }, 'accepted'],
  [178, 'a fetch of a front end on another site', { site: 'cross-site', mode: 'cors', origin: PARTNER }, 'accepted'],
  [181, 'a WebSocket of that front end', { site: 'cross-site', mode: 'websocket', origin: PARTNER }, 'accepted'],
  [178, 'an image of that site', { site: 'cross-site', mode: 'no-cors', dest: 'image' }, 'refused'],
  [178, 'a frame of that site', { site: 'cross-site', mode: 'navigate', dest: 'iframe' }, 'refused'],
  [178, 'a sibling of it', { site: 'cross-site', mode: 'cors', origin: 'https://blog.partner.example' }, 'refused'],
  [178, 'that front end as if on our site', { site: 'same-site', mode: 'cors', origin: PARTNER }, 'refused'],
  [178, 'a front end of our site from another one', { site: 'cross-site', mode: 'cors', origin: ADMIN }, 'refused'],
]

suite('a request that only reads', () => {
  for (const [row, name, evidence, expected] of SAFE) {
    test(`GET by ${name} is ${expected} (checklist ${row})`, () => assert.equal(judge('GET', evidence), expected))
  }
})

test('where no front end on another site is configured, none is accepted', () => {
  const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: PARTNER }
  for (const method of ['GET', 'POST']) {
    const verdict = judgeOrigin({ method, headers }, { ownOrigin: OWN, frontends: [ADMIN], crossSiteFrontends: [] })
    assert.equal(verdict.kind, 'refused')
  }
})
