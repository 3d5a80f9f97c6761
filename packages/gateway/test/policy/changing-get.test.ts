import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeChangingGet } from '../../src/policy/changing-get.ts'

const OWN = 'https://app.example'
const ADMIN = 'https://admin.example'
const PARTNER = 'https://desk.partner.example'
const RULES = { ownOrigin: OWN, frontends: [ADMIN], crossSiteFrontends: [PARTNER] }

type Evidence = Readonly<Record<string, string>>

const said = (site: string, mode: string, dest: string, more: Evidence = {}): Evidence => {
  return { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest, ...more }
}
const page = (site: string, more: Evidence = {}) => said(site, 'navigate', 'document', { accept: 'text/html', ...more })
const fetched = (site: string, more: Evidence = {}) => said(site, 'cors', 'empty', more)
const HTML = { accept: 'text/html' }

const CASES: readonly [string, Evidence, 'own' | 'elsewhere' | 'refused'][] = [
  ['a fetch of our page', fetched('same-origin'), 'own'],
  ['a fetch of our page that names its Origin', fetched('same-origin', { origin: OWN }), 'own'],
  ['a fetch without CORS of our page', said('same-origin', 'no-cors', 'empty'), 'own'],
  ['a link of our page', page('same-origin'), 'own'],
  ['a typed address', page('none'), 'own'],
  ['a fetch of a front end on our site', fetched('same-site', { origin: ADMIN }), 'own'],
  ['a fetch of a front end on another site', fetched('cross-site', { origin: PARTNER }), 'own'],
  ['an older browser on our page', { referer: `${OWN}/orders` }, 'own'],
  ['an older browser with our header', { 'x-doorman': '1' }, 'own'],
  ['an older browser at a front end', { origin: ADMIN }, 'own'],
  ['a link of another site', page('cross-site'), 'elsewhere'],
  ['a link of a sibling', page('same-site'), 'elsewhere'],
  ['a link of a sibling that calls itself us', page('same-site', { referer: `${OWN}/` }), 'elsewhere'],
  ['an older browser that says nothing', HTML, 'elsewhere'],
  ['an older browser on another page', { ...HTML, referer: 'https://evil.example/' }, 'elsewhere'],
  ['an older browser on a page that begins like us', { ...HTML, referer: `${OWN}.evil.example/` }, 'elsewhere'],
  ['an image in our page', said('same-origin', 'no-cors', 'image'), 'refused'],
  ['a script in our page', said('same-origin', 'no-cors', 'script'), 'refused'],
  ['a style in our page', said('same-origin', 'no-cors', 'style'), 'refused'],
  ['a frame in our page', said('same-origin', 'navigate', 'iframe'), 'refused'],
  ['an image of a front end', said('same-site', 'cors', 'image', { origin: ADMIN }), 'refused'],
  ['a prefetch in our page', fetched('same-origin', { 'sec-purpose': 'prefetch' }), 'refused'],
  ['a prerender of a typed address', page('none', { 'sec-purpose': 'prefetch;prerender' }), 'refused'],
  ['a prefetch of an older browser', { referer: `${OWN}/`, purpose: 'prefetch' }, 'refused'],
  ['a prefetch of Firefox', fetched('same-origin', { 'x-moz': 'prefetch' }), 'refused'],
  ['a fetch of another site', fetched('cross-site', { origin: 'https://evil.example' }), 'refused'],
  ['a fetch of a sibling', fetched('same-site', { origin: 'https://blog.example' }), 'refused'],
  ['a fetch of a sibling without Origin', said('same-site', 'no-cors', 'empty'), 'refused'],
  ['an image on another site', said('cross-site', 'no-cors', 'image'), 'refused'],
  ['a frame on another site', said('cross-site', 'navigate', 'iframe'), 'refused'],
  ['our header beside another site', fetched('cross-site', { 'x-doorman': '1' }), 'refused'],
  ['a fetch typed in', fetched('none'), 'refused'],
  ['a site without a destination', { 'sec-fetch-site': 'same-origin' }, 'refused'],
  ['two sites', fetched('same-origin, cross-site'), 'refused'],
  ['Origin null with our Referer', { origin: 'null', referer: `${OWN}/` }, 'refused'],
  ['no browser', {}, 'refused'],
]

for (const [what, headers, expected] of CASES) {
  test(`${what} is ${expected}`, () => {
    assert.equal(judgeChangingGet({ headers }, RULES), expected)
  })
}
