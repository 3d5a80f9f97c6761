import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ANONYMOUS, type Principal, sessionPrincipal } from '../../src/policy/principal.ts'
import { decideTenant, type TenantDecision, type TenantQuestion, tenantsOf } from '../../src/policy/tenant.ts'
import { buildLive } from '../support/sessions.ts'

function member(organization: unknown): Principal {
  return sessionPrincipal(buildLive({ accessClaims: { organization } }), 'web')
}

const BY_HEADER = { claim: 'organization', pathSegment: null }
const BY_PATH = { claim: 'organization', pathSegment: 1 }

function decision(changes: Partial<TenantQuestion>): TenantDecision {
  return decideTenant({
    rules: BY_HEADER,
    isRequired: false,
    principal: member(['acme', 'globex']),
    header: undefined,
    path: '/',
    ...changes,
  })
}

const decided = (tenant: string) => ({ kind: 'decided', tenant }) as const
const theirs = { kind: 'ambiguous', tenants: ['acme', 'globex'] } as const
const none = { kind: 'none' } as const
const forbidden = { kind: 'forbidden' } as const

suite('the tenants in a claim', () => {
  const rows: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['a string', 'acme', ['acme']],
    ['a list', ['acme', 'globex', 'acme'], ['acme', 'globex']],
    ["Keycloak's map", { acme: { id: '1' }, globex: {} }, ['acme', 'globex']],
    ['a group', ['/acme'], ['/acme']],
    ['the longest name', 'a'.repeat(128), ['a'.repeat(128)]],
    ['nothing', undefined, []],
    ['null', null, []],
    ['a number', 1, []],
    ['true', true, []],
    ['an empty string', '', []],
    ['lists in a list', [['acme'], { acme: 1 }, null, 1], []],
    ['a name with a comma', 'acme,globex', []],
    ['a name with a space', ['acme corp'], []],
    ['a name that ends the header', ['acme\r\nX-Role: admin', 'acme\n', 'a\u0000'], []],
    ['a name beyond ASCII', ['acmé', '\u202eacme'], []],
    ['a name too long', 'a'.repeat(129), []],
  ]
  for (const [name, value, expected] of rows) {
    test(`of the form of ${name}`, () => assert.deepEqual(tenantsOf(value), expected))
  }
})

suite('the tenant of a request', () => {
  const rows: readonly (readonly [string, Partial<TenantQuestion>, TenantDecision])[] = [
    ['is nobody’s where there are no tenants', { rules: null, isRequired: true }, none],
    ['is none for nobody', { principal: ANONYMOUS, header: 'acme', isRequired: true }, none],
    ['is the only one somebody has', { principal: member('acme') }, decided('acme')],
    ['is none for who has none', { principal: member([]), isRequired: true }, none],
    ['is none for who has none and names one', { principal: member([]), header: 'acme' }, none],
    ['is asked for where there are several and one is required', { isRequired: true }, theirs],
    ['is none where there are several and none is required', {}, none],
    ['is the one of theirs that the header names', { header: 'globex' }, decided('globex')],
    ['is never the one of others that the header names', { header: 'initech' }, theirs],
    [
      'is never one of others for who has only one',
      { principal: member('acme'), header: 'globex' },
      {
        kind: 'ambiguous',
        tenants: ['acme'],
      },
    ],
    ['is never that of an empty header', { header: '' }, theirs],
    ['is never that of another spelling', { header: 'Acme' }, theirs],
    ['is never one of two headers', { header: 'acme, globex' }, theirs],
    ['is never one of two equal headers', { header: 'acme, acme' }, theirs],
    ['is never one of a list of headers', { header: ['acme'] }, theirs],
    ['is never a name that every object has', { header: 'constructor' }, theirs],
    ['is the one of theirs that the path names', { rules: BY_PATH, path: '/globex/x' }, decided('globex')],
    ['is that of the path, decoded once', { rules: BY_PATH, path: '/%61cme' }, decided('acme')],
    ['is that of a later segment', { rules: { ...BY_PATH, pathSegment: 3 }, path: '/api/t/acme/x' }, decided('acme')],
    [
      'is not chosen by the header where the path does',
      { rules: BY_PATH, path: '/acme/', header: 'globex' },
      decided('acme'),
    ],
    [
      'is forbidden where the path names one of others',
      { rules: BY_PATH, path: '/initech/x', isRequired: true },
      forbidden,
    ],
    [
      'is forbidden to who has one and not that of the path',
      { rules: BY_PATH, path: '/globex/x', isRequired: true, principal: member('acme') },
      forbidden,
    ],
    ['is not decoded twice', { rules: BY_PATH, path: '/%2561cme/x', isRequired: true }, forbidden],
    ['is forbidden where the path cannot be decoded', { rules: BY_PATH, path: '/%ff/x', isRequired: true }, forbidden],
    ['is forbidden where the path ends before it', { rules: BY_PATH, path: '/', isRequired: true }, forbidden],
    ['is none on another path of a route that requires none', { rules: BY_PATH, path: '/assets/x' }, none],
  ]
  for (const [name, changes, expected] of rows) {
    test(name, () => assert.deepEqual(decision(changes), expected))
  }

  test('is read from the claim once per session', () => {
    let reads = 0
    const principal = sessionPrincipal(
      buildLive({
        accessClaims: {
          get organization() {
            reads += 1
            return ['acme', 'globex']
          },
        },
      }),
      'web',
    )
    assert.deepEqual(decision({ principal, header: 'acme' }), decided('acme'))
    assert.deepEqual(decision({ principal, header: 'globex' }), decided('globex'))
    assert.equal(reads, 1)
  })

  test('follows the header for a thousand requests of one session', () => {
    const principal = member(['acme', 'globex'])
    for (let count = 0; count < 1000; count += 1) {
      const header = count % 2 === 0 ? 'acme' : 'globex'
      assert.deepEqual(decision({ principal, header }), decided(header))
    }
  })
})
