import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameSite } from '../../src/config/site.ts'
import { configOf, HEAD, kindsOf, warningsOf, withModels } from './support.ts'

const LOCAL = HEAD.replace('https://app.example.com', 'http://localhost:4000')
const withFrontends = (list: string, head = HEAD) => `${head}frontends: [${list}]\n`

test('the own origin is always a front end, after those of the file', () => {
  const { frontends } = configOf(withFrontends('{ origin: "https://admin.example.com", home: /start }'))
  assert.deepEqual(frontends, [
    { origin: 'https://admin.example.com', realm: 'main', home: '/start', isCrossSite: false },
    { origin: 'https://app.example.com', realm: 'main', home: '/', isCrossSite: false },
  ])
})

test('a front end may name its realm; the own origin keeps what the file says', () => {
  const own = '{ origin: "https://app.example.com", realm: models, home: /app }'
  const { frontends, loginRealm } = configOf(withFrontends(own, withModels('scopes: [openid]')))
  assert.deepEqual(frontends, [
    { origin: 'https://app.example.com', realm: 'models', home: '/app', isCrossSite: false },
  ])
  assert.equal(loginRealm, 'main')
})

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a front end in clear', withFrontends('{ origin: "http://a.example" }'), 'contradiction frontends[0].origin'],
  [
    'one origin twice',
    withFrontends('{ origin: "https://a.example.com" }, { origin: "https://a.example.com/" }'),
    'contradiction frontends[1].origin',
  ],
  [
    'a front end of an unknown realm',
    withFrontends('{ origin: "https://a.example.com", realm: mian }'),
    'contradiction frontends[0].realm',
  ],
  [
    'a front end of a realm nobody logs in to',
    withFrontends('{ origin: "https://a.example.com", realm: models }', withModels('obtain: login')),
    'contradiction frontends[0].realm',
  ],
  [
    'a cookie for another site over http:',
    withFrontends('{ origin: "http://127.0.0.1:3000" }', LOCAL),
    'contradiction frontends[0].origin',
  ],
  [
    'a home elsewhere',
    withFrontends('{ origin: "https://a.example.com", home: "//b.example" }'),
    'value frontends[0].home',
  ],
  ['a home that is many', withFrontends('{ origin: "https://a.example.com", home: "/*" }'), 'value frontends[0].home'],
]

for (const [behaviour, text, problem] of REFUSED) {
  test(`refuses ${behaviour}`, () => assert.deepEqual(kindsOf(text), [problem]))
}

test('warns of a front end on another site', () => {
  const text = withFrontends('{ origin: "https://admin.example.com" }, { origin: "https://app.example.net" }')
  assert.deepEqual(warningsOf(text), ['9:64 frontends[1].origin'])
  assert.deepEqual(
    configOf(text).frontends.map(({ isCrossSite }) => isCrossSite),
    [false, true, false],
  )
})

test('another port of loopback is the same site', () => {
  assert.deepEqual(warningsOf(withFrontends('{ origin: "http://localhost:3000" }', LOCAL)), [])
})

const SITES: readonly (readonly [string, string, boolean])[] = [
  ['https://a.example.com', 'https://b.example.com:8443', true],
  ['https://example.com', 'https://a.b.example.com', true],
  ['https://a.example.com', 'http://a.example.com', false],
  ['https://a.co.uk', 'https://b.co.uk', false],
  ['https://a.github.io', 'https://b.github.io', false],
  ['https://10.0.0.1', 'https://10.0.0.1:8443', true],
  ['https://10.0.0.1', 'https://10.0.0.2', false],
  ['http://[::1]:1', 'http://[::1]:2', true],
  ['http://localhost:1', 'http://app.localhost:2', false],
  ['https://intranet', 'https://intranet:8443', true],
]

for (const [a, b, isSame] of SITES) {
  test(`${a} and ${b} are ${isSame ? 'one site' : 'two sites'}`, () => {
    assert.equal(isSameSite(a, b), isSame)
    assert.equal(isSameSite(b, a), isSame)
  })
}
