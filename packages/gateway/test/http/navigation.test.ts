import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isForeign, isNavigation, mayBeDocument, requestUse } from '../../src/http/navigation.ts'

type Headers = Readonly<Record<string, string>>

const uses: ReadonlyArray<readonly [string, Headers, string]> = [
  ['a top-level navigation', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'document'],
  ['an iframe', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 'frame'],
  ['an object', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' }, 'frame'],
  ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'fetch'],
  ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'fetch'],
  ['a browser without Fetch Metadata', { accept: 'text/html' }, 'unknown'],
  ['a mode nobody knows', { 'sec-fetch-mode': 'teleport', 'sec-fetch-dest': 'document' }, 'unknown'],
]
for (const [what, headers, use] of uses) {
  test(`${what} is ${use}`, () => assert.equal(requestUse({ headers }), use))
}

const navigations: ReadonlyArray<readonly [string, Headers, boolean]> = [
  ['Fetch Metadata says so', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, true],
  ['an old browser accepts HTML', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }, true],
  ['Fetch Metadata is nonsense and HTML is accepted', { 'sec-fetch-mode': 'x', accept: 'text/html' }, true],
]
for (const [why, headers] of navigations) {
  test(`takes a request for a navigation when ${why}`, () => assert.ok(isNavigation({ headers })))
}

const fetches: ReadonlyArray<readonly [string, Headers]> = [
  ['a fetch that accepts HTML', { 'sec-fetch-mode': 'cors', accept: 'text/html' }],
  ['an iframe', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: 'text/html' }],
  ['a command line', { accept: '*/*' }],
  ['a request without Accept', {}],
]
for (const [what, headers] of fetches) {
  test(`takes ${what} for no navigation`, () => assert.ok(!isNavigation({ headers })))
}

test('only what a browser declares as something else cannot be a document', () => {
  assert.ok(mayBeDocument({ headers: {} }))
  assert.ok(mayBeDocument({ headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }))
  assert.ok(!mayBeDocument({ headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' } }))
  assert.ok(!mayBeDocument({ headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } }))
})

const ORIGINS = ['https://app.example', 'https://admin.example']
const foreign: ReadonlyArray<readonly [string, Headers, boolean]> = [
  ['a fetch of our own page', { 'sec-fetch-site': 'same-origin' }, false],
  ['an address typed by hand', { 'sec-fetch-site': 'none' }, false],
  ['a command line', {}, false],
  ['a sibling domain', { 'sec-fetch-site': 'same-site' }, true],
  ['another site', { 'sec-fetch-site': 'cross-site' }, true],
  ['a listed front end on a sibling domain', { 'sec-fetch-site': 'same-site', origin: 'https://admin.example' }, false],
  ['an origin that is not listed', { origin: 'https://evil.example' }, true],
  ['an origin that only begins like ours', { origin: 'https://app.example.evil.example' }, true],
  [
    'an unlisted origin that claims to be same-origin',
    { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    true,
  ],
  ['Origin: null', { origin: 'null' }, true],
  ['a site value nobody knows', { 'sec-fetch-site': 'beyond' }, false],
]
for (const [what, headers, expected] of foreign) {
  test(`${what} is ${expected ? 'foreign' : 'not foreign'}`, () =>
    assert.equal(isForeign({ headers }, ORIGINS), expected))
}
