import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildPreflightReply, type CorsVerdict, judgeCors, type Preflight } from '../../src/policy/cors.ts'

const OWN = 'https://app.example.com'
const ADMIN = 'https://admin.example.com'
const BOOKS = 'https://xn--bcher-kva.example'
const RULES = { ownOrigin: OWN, otherOrigins: [ADMIN, BOOKS, 'http://localhost:5173'] }
const ALONE = { ownOrigin: OWN, otherOrigins: [] }

type Sent = Readonly<Record<string, string | string[] | undefined>>

const judge = (method: string, headers: Sent, rules = RULES): CorsVerdict => judgeCors({ method, headers }, rules)

function judgePreflight(origin: string, method = 'PUT', headers?: string): CorsVerdict {
  const asked = { 'access-control-request-method': method, 'access-control-request-headers': headers }
  return judge('OPTIONS', { origin, ...asked })
}

function headersOf(verdict: CorsVerdict): Readonly<Record<string, string>> {
  assert.notEqual(verdict.kind, 'preflight')
  return 'headers' in verdict ? Object.fromEntries(verdict.headers) : {}
}

function replyTo(preflight: CorsVerdict, allow: string | null) {
  assert.equal(preflight.kind, 'preflight')
  const { status, headers, body } = buildPreflightReply(preflight as Preflight, allow)
  return { status, body, headers: Object.fromEntries(headers) as Readonly<Record<string, string>> }
}

suite('the page of a listed origin', () => {
  for (const origin of RULES.otherOrigins) {
    test(`${origin} reads the answer with its cookie (checklist 12)`, () => {
      const headers = headersOf(judge('GET', { origin }))
      assert.equal(headers['access-control-allow-origin'], origin)
      assert.equal(headers['access-control-allow-credentials'], 'true')
      assert.equal(headers.vary, 'Origin')
    })
  }

  test('sees when it may try again, why it was refused, and what to tell an operator', () => {
    const exposed = headersOf(judge('GET', { origin: ADMIN }))['access-control-expose-headers']?.split(', ') ?? []
    for (const name of ['retry-after', 'ratelimit', 'ratelimit-policy', 'www-authenticate', 'x-request-id']) {
      assert.ok(exposed.includes(name), name)
    }
    assert.ok(!exposed.includes('*') && !exposed.includes('set-cookie'))
  })

  test('reads an answer to OPTIONS that is no preflight', () => {
    assert.equal(headersOf(judge('OPTIONS', { origin: ADMIN }))['access-control-allow-origin'], ADMIN)
  })
})

test('a request of our own page is left alone where there is no other front end', () => {
  assert.deepEqual(judge('GET', {}, ALONE), { kind: 'actual', headers: [] })
  assert.deepEqual(judge('POST', { origin: OWN }, ALONE), { kind: 'actual', headers: [] })
})

test('an answer for our own page is none for a cache to give to another front end', () => {
  assert.deepEqual(headersOf(judge('GET', {})), { vary: 'Origin' })
  assert.deepEqual(headersOf(judge('POST', { origin: OWN })), { vary: 'Origin' })
})

test('our own page asks for no leave', () => {
  const headers = { origin: OWN, 'access-control-request-method': 'PUT' }
  assert.equal(judge('OPTIONS', headers).kind, 'actual')
})

// Each begins, ends or reads like a listed one.
const STRANGERS = [
  'https://evil.example',
  `${ADMIN}.evil.com`,
  'https://evil-admin.example.com',
  'https://badadmin.example.com',
  'https://x.admin.example.com',
  'https://example.com',
  'https://admin.example.co',
  'https://admin.example.com.',
  'https://admin.example.com:443',
  'https://admin.example.com:8443',
  'https://admin.example.com/',
  'https://admin.example.com/x',
  'https://user@admin.example.com',
  'https://admin.example.com@evil.com',
  'http://admin.example.com',
  'HTTPS://ADMIN.EXAMPLE.COM',
  'https://Admin.example.com',
  'http://localhost',
  'http://localhost:51730',
  'http://127.0.0.1:5173',
  'https://bücher.example',
  'https://b\u00c3\u00bccher.example',
  'https://bucher.example',
  'https://xn--bcher-kva.example.evil.com',
  'null',
  'NULL',
  '*',
  '',
  ' ',
  `${ADMIN}, https://evil.example`,
  `${ADMIN} https://evil.example`,
  `https://evil.example, ${ADMIN}`,
]

suite('the page of an origin that is not listed', () => {
  for (const origin of STRANGERS) {
    test(`${JSON.stringify(origin)} reads nothing (checklist 12)`, () => {
      assert.deepEqual(headersOf(judge('GET', { origin })), { vary: 'Origin' })
    })

    test(`${JSON.stringify(origin)} may ask for nothing (checklist 12)`, () => {
      const verdict = judgePreflight(origin)
      assert.equal(verdict.kind, 'refused')
      assert.deepEqual(headersOf(verdict), { vary: 'Origin' })
    })
  }

  test('is not taken for a listed one because it came twice', () => {
    assert.deepEqual(headersOf(judge('GET', { origin: [ADMIN, ADMIN] })), { vary: 'Origin' })
  })

  test('may ask for nothing where there is no other front end either', () => {
    assert.equal(judge('OPTIONS', { origin: ADMIN, 'access-control-request-method': 'GET' }, ALONE).kind, 'refused')
  })
})

suite('a preflight of a listed origin', () => {
  test('is told the methods of the route, the headers it asked for, and for how long', () => {
    const { status, body, headers } = replyTo(judgePreflight(ADMIN, 'PUT', 'content-type,x-doorman'), 'GET, PUT')
    assert.deepEqual([status, body], [204, ''])
    assert.equal(headers['access-control-allow-origin'], ADMIN)
    assert.equal(headers['access-control-allow-credentials'], 'true')
    assert.equal(headers['access-control-allow-methods'], 'GET, PUT')
    assert.equal(headers['access-control-allow-headers'], 'content-type, x-doorman')
    assert.equal(headers['access-control-max-age'], '600')
    assert.equal(headers.vary, 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
  })

  test('is granted its own method where all go or nothing is there', () => {
    const { headers } = replyTo(judgePreflight(ADMIN, 'PURGE'), null)
    assert.equal(headers['access-control-allow-methods'], 'PURGE')
  })

  for (const asked of [undefined, '', ' ']) {
    test(`that asks for the headers ${JSON.stringify(asked)} is granted none`, () => {
      assert.ok(!('access-control-allow-headers' in replyTo(judgePreflight(ADMIN, 'PUT', asked), 'PUT').headers))
    })
  }

  const odd: readonly [string, string, string | undefined][] = [
    ['a method that is no name', 'PUT\u0000', undefined],
    ['two methods', 'PUT, DELETE', undefined],
    ['no method', '', undefined],
    ['every method', '*', undefined],
    ['every header', 'PUT', '*'],
    ['every header among others', 'PUT', 'x-a, *'],
    ['a header that is no name', 'PUT', 'x-a, x b'],
    ['a header with a line break', 'PUT', 'x-a\r\nset-cookie: a=1'],
    ['a header without a name', 'PUT', 'x-a,,x-b'],
    ['more headers than a page has', 'PUT', Array.from({ length: 300 }, (_, at) => `x-header-${at}`).join(',')],
  ]
  for (const [what, method, headers] of odd) {
    test(`that asks for ${what} is refused`, () => {
      const verdict = judgePreflight(ADMIN, method, headers)
      assert.equal(verdict.kind, 'refused')
      assert.deepEqual(headersOf(verdict), { vary: 'Origin' })
    })
  }
})
