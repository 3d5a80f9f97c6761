import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callerFromClaims } from '@doorman/resource-server'
import { compileRequirement, decide, explainRules, isImpliedBy } from '../../src/policy/access-policy.ts'
import { ANONYMOUS, bearerPrincipal, type Principal, sessionPrincipal } from '../../src/policy/principal.ts'
import type { Decision, Facts, PersonRequirement, Requirement } from '../../src/policy/requirement.ts'
import type { Session } from '../../src/session/session.ts'
import { buildRequirement } from '../support/requirements.ts'
import { buildLive } from '../support/sessions.ts'

const FACTS: Facts = { now: 10_000, tenant: null }

function person(changes: Partial<Session> = {}): Principal {
  return sessionPrincipal(buildLive({ roles: { realmRoles: [], clientRoles: {} }, claims: {}, ...changes }), 'web')
}

function withRoles(realmRoles: readonly string[], clientRoles: Session['roles']['clientRoles'] = {}): Principal {
  return person({ roles: { realmRoles, clientRoles } })
}

function withClaims(accessClaims: Session['accessClaims']): Principal {
  return person({ accessClaims })
}

function robot(claims: Readonly<Record<string, unknown>> = {}): Principal {
  return bearerPrincipal(callerFromClaims('realm', { sub: 'robot', ...claims }), 'a-token', 'main')
}

function judge(requirement: Requirement, principal: Principal, facts: Facts = FACTS): Decision {
  return decide(compileRequirement(requirement), principal, facts)
}

type Row = readonly [name: string, requirement: Requirement, principal: Principal]

suite('a decision', () => {
  const allowed: readonly Row[] = [
    ['everybody where nothing is required', 'none', ANONYMOUS],
    ['somebody logged in', buildRequirement(), person()],
    ['nobody where a login is optional', buildRequirement({ login: 'optional' }), ANONYMOUS],
    ['somebody logged in where that is optional', buildRequirement({ login: 'optional' }), person()],
    ['a bearer token where the route takes one', buildRequirement({ via: ['bearer'] }), robot()],
    ['who has the role', buildRequirement({ roles: ['admin'] }), withRoles(['user', 'admin'])],
    ['who has one of the roles', buildRequirement({ roles: ['a', 'b'] }), withRoles(['b'])],
    ['who has all of the roles', buildRequirement({ allRoles: ['a', 'b'] }), withRoles(['b', 'c', 'a'])],
    ['a bearer token with the role', buildRequirement({ roles: ['a'] }), robot({ realm_access: { roles: ['a'] } })],
    [
      'who has one of the client roles',
      buildRequirement({ clientRoles: { reports: ['read', 'write'] } }),
      withRoles([], { reports: ['write'] }),
    ],
    ['who asks nothing of a client named', buildRequirement({ clientRoles: { reports: [] } }), person()],
    ['who has all of the scopes', buildRequirement({ scopes: ['a', 'b'] }), withClaims({ scope: 'b a openid' })],
    ['who is in one of the groups', buildRequirement({ groups: ['/a', '/b/c'] }), withClaims({ groups: ['/b/c'] })],
    ['who has the claim', buildRequirement({ claims: { plan: ['gold', 'free'] } }), withClaims({ plan: 'gold' })],
    [
      'who has the value in a list',
      buildRequirement({ claims: { plan: ['gold'] } }),
      withClaims({ plan: [1, 'gold'] }),
    ],
    ['who has a claim that is true', buildRequirement({ claims: { mfa: [true] } }), withClaims({ mfa: true })],
    ['who has the acr', buildRequirement({ acr: ['gold', 'silver'] }), person({ claims: { acr: 'silver' } })],
    ['who has just logged in', buildRequirement({ maxAgeSeconds: 60 }), person({ claims: { auth_time: 9940 } })],
    ['who has by a slower clock', buildRequirement({ maxAgeSeconds: 60 }), person({ claims: { auth_time: 9935 } })],
    ['who has by a faster clock', buildRequirement({ maxAgeSeconds: 60 }), person({ claims: { auth_time: 10_005 } })],
  ]
  for (const [name, requirement, principal] of allowed) {
    test(`lets in ${name}`, () => assert.deepEqual(judge(requirement, principal), { kind: 'allow' }))
  }

  const noRole: readonly Row[] = [
    ['who lacks the role', buildRequirement({ roles: ['admin'] }), withRoles(['user'])],
    ['who lacks one of all roles', buildRequirement({ allRoles: ['a', 'b'] }), withRoles(['a'])],
    [
      'who has the realm role but not the client role',
      buildRequirement({ roles: ['a'], clientRoles: { c: ['r'] } }),
      withRoles(['a']),
    ],
    [
      'who lacks a role of one of two clients',
      buildRequirement({ clientRoles: { c: ['r'], d: ['s'] } }),
      withRoles([], { c: ['r'] }),
    ],
    ['who has a role of another spelling', buildRequirement({ roles: ['admin'] }), withRoles(['Admin', 'admin '])],
    [
      'who has the realm role for a client role',
      buildRequirement({ clientRoles: { reports: ['read'] } }),
      withRoles(['read']),
    ],
    [
      'who has the role at another client',
      buildRequirement({ clientRoles: { reports: ['read'] } }),
      withRoles([], { agent: ['read'] }),
    ],
    [
      'a client named like a property of every object',
      buildRequirement({ clientRoles: { constructor: ['name'] } }),
      person(),
    ],
  ]
  const noScope: readonly Row[] = [
    ['who lacks one of the scopes', buildRequirement({ scopes: ['a', 'b'] }), withClaims({ scope: 'a' })],
    ['who has the scope as part of another', buildRequirement({ scopes: ['read'] }), withClaims({ scope: 'readonly' })],
    ['whose scope is a list', buildRequirement({ scopes: ['a'] }), withClaims({ scope: ['a'] })],
  ]
  const noGroup: readonly Row[] = [
    [
      'who is in a group of the same name elsewhere',
      buildRequirement({ groups: ['/a'] }),
      withClaims({ groups: ['/b/a'] }),
    ],
    ['who is in a group below', buildRequirement({ groups: ['/a'] }), withClaims({ groups: ['/a/b'] })],
    ['whose groups are one text', buildRequirement({ groups: ['/a'] }), withClaims({ groups: '/a/b' })],
    ['whose group lacks the slash', buildRequirement({ groups: ['/a'] }), withClaims({ groups: ['a'] })],
  ]
  const wants = (value: string | number | boolean) => buildRequirement({ claims: { plan: [value] } })
  const noClaim: readonly Row[] = [
    ['who lacks the claim', wants('gold'), person()],
    ['who has one of two claims', buildRequirement({ claims: { a: [1], b: [1] } }), withClaims({ a: 1 })],
    ['who has the value as a key', wants('gold'), withClaims({ plan: { gold: true } })],
    ['who has the value deeper in a list', wants('gold'), withClaims({ plan: [['gold']] })],
    ['who has the value in an array-like', wants('gold'), withClaims({ plan: { 0: 'gold', length: 1 } })],
    ['who has the value as part of a text', wants('gold'), withClaims({ plan: 'gold,silver' })],
    ['who has the text of a number', wants(1), withClaims({ plan: '1' })],
    ['who has the text of true', wants(true), withClaims({ plan: 'true' })],
    ['who has a number for false', wants(false), withClaims({ plan: 0 })],
    ['everybody where no value would do', buildRequirement({ claims: { plan: [] } }), withClaims({ plan: 'gold' })],
    ['a claim that every object has', buildRequirement({ claims: { constructor: ['x'] } }), withClaims({ plan: 'x' })],
  ]
  const weakLogin: readonly Row[] = [
    ['who has another acr', buildRequirement({ acr: ['gold'] }), person({ claims: { acr: 'silver' } })],
    ['who has no acr', buildRequirement({ acr: ['gold'] }), person()],
    ['who has the acr in the access token alone', buildRequirement({ acr: ['1'] }), withClaims({ acr: '1' })],
    ['whose acr is a list', buildRequirement({ acr: ['gold'] }), person({ claims: { acr: ['gold'] } })],
    ['who logged in too long ago', buildRequirement({ maxAgeSeconds: 60 }), person({ claims: { auth_time: 9934 } })],
    ['who logged in nobody knows when', buildRequirement({ maxAgeSeconds: 60 }), person()],
    ['who logs in tomorrow', buildRequirement({ maxAgeSeconds: 60 }), person({ claims: { auth_time: 96_400 } })],
    ['a script that never logged in', buildRequirement({ maxAgeSeconds: 60 }), robot()],
  ]
  const denied: Readonly<Record<string, readonly Row[]>> = {
    login: [
      ['nobody where a login is required', buildRequirement(), ANONYMOUS],
      ['nobody where a role is required', buildRequirement({ roles: ['admin'] }), ANONYMOUS],
    ],
    via: [
      ['a bearer token where sessions alone count', buildRequirement({ via: ['session'] }), robot()],
      ['a session where bearer tokens alone count', buildRequirement({ via: ['bearer'] }), person()],
      ['everybody where no way counts', buildRequirement({ via: [] }), person()],
    ],
    role: noRole,
    scope: noScope,
    group: noGroup,
    claim: noClaim,
    tenant: [['who has no tenant', buildRequirement({ tenant: true }), person()]],
    'step-up': weakLogin,
  }
  for (const [needs, rows] of Object.entries(denied)) {
    for (const [name, requirement, principal] of rows) {
      test(`turns away ${name}`, () => {
        const decision = judge(requirement, principal)
        assert.equal(decision.kind === 'deny' && decision.needs, needs)
      })
    }
  }

  test('lets in who has a tenant where one is required', () => {
    const decision = judge(buildRequirement({ tenant: true }), person(), { ...FACTS, tenant: 'acme' })
    assert.equal(decision.kind, 'allow')
  })

  test('names the scopes that a new token needs', () => {
    const decision = judge(buildRequirement({ scopes: ['a', 'b'] }), withClaims({ scope: 'a' }))
    assert.deepEqual(decision.kind === 'deny' && decision.needs === 'scope' && decision.scopes, ['a', 'b'])
  })

  test('names all that one new login has to bring', () => {
    const requirement = buildRequirement({ acr: ['gold'], maxAgeSeconds: 300 })
    for (const claims of [{ acr: 'gold' }, { auth_time: 9990 }]) {
      const decision = judge(requirement, person({ claims }))
      assert(decision.kind === 'deny' && decision.needs === 'step-up')
      assert.deepEqual([decision.acrValues, decision.maxAgeSeconds], [['gold'], 300])
    }
  })

  test('sends nobody to log in again who would be turned away afterwards', () => {
    const decision = judge(buildRequirement({ acr: ['gold'], claims: { plan: ['gold'] } }), person())
    assert.equal(decision.kind === 'deny' && decision.needs, 'claim')
  })
})

test('a route that asks for a login alone looks at nothing but kind and realm of the principal', () => {
  const reads: unknown[] = []
  const principal = new Proxy(person(), {
    get(of, name, receiver) {
      reads.push(name)
      return Reflect.get(of, name, receiver)
    },
  })
  assert.equal(judge(buildRequirement(), principal).kind, 'allow')
  assert.deepEqual(new Set(reads), new Set(['kind', 'realm']))
})

suite('an explanation', () => {
  const requirement = buildRequirement({
    via: ['session'],
    roles: ['a', 'b'],
    allRoles: ['a'],
    clientRoles: { reports: ['read'], constructor: ['x'] },
    scopes: ['openid'],
    groups: ['/staff'],
    tenant: true,
    claims: { plan: ['gold'] },
    acr: ['gold'],
    maxAgeSeconds: 60,
  })
  const somebody = person({
    roles: { realmRoles: ['a'], clientRoles: { reports: ['write'] } },
    claims: { acr: 'silver', auth_time: 9000 },
    accessClaims: { scope: 'openid email', groups: ['/staff'], plan: { gold: true } },
  })

  test('lists every rule with what it wants, what it saw and whether it holds', () => {
    const found = explainRules(compileRequirement(requirement), somebody, { ...FACTS, tenant: 'acme' })
    assert.deepEqual(
      found.map(({ rule, wants, saw, holds }) => [rule, wants, saw, holds]),
      [
        ['login', true, 'alice-id', true],
        ['via', ['session'], 'session', true],
        ['realms', ['main'], 'main', true],
        ['tenant', true, 'acme', true],
        ['roles', ['a', 'b'], ['a'], true],
        ['allRoles', ['a'], ['a'], true],
        ['clientRoles reports', ['read'], ['write'], false],
        ['clientRoles constructor', ['x'], null, false],
        ['groups', ['/staff'], ['/staff'], true],
        ['scopes', ['openid'], ['openid', 'email'], true],
        ['claims plan', ['gold'], { gold: true }, false],
        ['acr', ['gold'], 'silver', false],
        ['maxAge', 60, 9000, false],
      ],
    )
  })

  test('sees nothing of nobody', () => {
    const found = explainRules(compileRequirement(requirement), ANONYMOUS, FACTS)
    assert.equal(found.length, 13)
    assert(found.every(({ saw, holds }) => saw === null && !holds))
  })

  test('of a route for everybody has no rules', () => {
    assert.deepEqual(explainRules(compileRequirement('none'), somebody, FACTS), [])
  })

  test('leaves out rules that ask for nothing', () => {
    const found = explainRules(compileRequirement(buildRequirement()), somebody, FACTS)
    assert.deepEqual(
      found.map(({ rule }) => rule),
      ['login', 'via', 'realms'],
    )
  })
})

suite('a requirement is implied by one at least as strict', () => {
  type Part = Partial<PersonRequirement>
  const implied: readonly (readonly [requirement: Part, other: Part])[] = [
    [{}, { roles: ['a'] }],
    [{ login: 'optional' }, {}],
    [{ login: 'optional' }, { login: 'optional' }],
    [{ login: 'optional' }, { roles: ['a'] }],
    [{ via: ['session', 'bearer'] }, { via: ['bearer'] }],
    [{ realms: ['main', 'staff'] }, { realms: ['staff'] }],
    [{ roles: ['a', 'b'] }, { roles: ['a'] }],
    [{ roles: ['a', 'b'] }, { allRoles: ['b', 'c'] }],
    [{ allRoles: ['a'] }, { allRoles: ['a', 'b'] }],
    [{ allRoles: ['a'] }, { roles: ['a'] }],
    [{ allRoles: ['a', 'b'] }, { roles: ['a'], allRoles: ['b'] }],
    [{ clientRoles: { c: ['r', 's'] } }, { clientRoles: { c: ['r'] } }],
    [{ clientRoles: { c: ['r'] } }, { clientRoles: { c: ['r'], d: ['s'] } }],
    [{ clientRoles: { c: [] } }, {}],
    [{ scopes: ['a'] }, { scopes: ['b', 'a'] }],
    [{ groups: ['/a', '/b'] }, { groups: ['/b'] }],
    [{}, { tenant: true }],
    [{ tenant: true }, { tenant: true }],
    [{ claims: { p: ['x', 'y'] } }, { claims: { p: ['y'], q: [1] } }],
    [{ acr: ['gold', 'silver'] }, { acr: ['gold'] }],
    [{ maxAgeSeconds: 60 }, { maxAgeSeconds: 60 }],
    [{ maxAgeSeconds: 60 }, { maxAgeSeconds: 0 }],
    [{}, { maxAgeSeconds: 60 }],
  ]
  for (const [requirement, other] of implied) {
    test(`${JSON.stringify(requirement)} by ${JSON.stringify(other)}`, () => {
      assert(isImpliedBy(buildRequirement(requirement), buildRequirement(other)))
    })
  }

  const notImplied: readonly (readonly [requirement: Part, other: Part])[] = [
    [{}, { login: 'optional' }],
    [{ login: 'optional', realms: ['main'] }, { realms: ['staff'] }],
    [{ via: ['session'] }, {}],
    [{ via: ['session'] }, { via: ['bearer'] }],
    [{ realms: ['main'] }, { realms: ['staff'] }],
    [{ realms: ['main'] }, { realms: ['main', 'staff'] }],
    [{ roles: ['a'] }, {}],
    [{ roles: ['a'] }, { roles: ['a', 'b'] }],
    [{ roles: ['a'] }, { roles: ['b'] }],
    [{ roles: ['a'] }, { allRoles: ['b'] }],
    [{ allRoles: ['a', 'b'] }, { roles: ['a', 'b'] }],
    [{ allRoles: ['a', 'b'] }, { allRoles: ['a'] }],
    [{ allRoles: ['a'] }, {}],
    [{ clientRoles: { c: ['r'] } }, { clientRoles: { d: ['r'] } }],
    [{ clientRoles: { c: ['r'] } }, { clientRoles: { c: [] } }],
    [{ clientRoles: { constructor: ['r'] } }, {}],
    [{ scopes: ['a', 'b'] }, { scopes: ['a'] }],
    [{ groups: ['/a'] }, { groups: ['/a', '/b'] }],
    [{ groups: ['/a'] }, {}],
    [{ tenant: true }, {}],
    [{ claims: { p: ['x'] } }, {}],
    [{ claims: { p: ['x'] } }, { claims: { p: ['x', 'y'] } }],
    [{ claims: { p: [1] } }, { claims: { p: ['1'] } }],
    [{ claims: { constructor: ['x'] } }, {}],
    [{ acr: ['gold'] }, {}],
    [{ acr: ['gold'] }, { acr: ['gold', 'silver'] }],
    [{ maxAgeSeconds: 60 }, {}],
    [{ maxAgeSeconds: 60 }, { maxAgeSeconds: 61 }],
  ]
  for (const [requirement, other] of notImplied) {
    test(`${JSON.stringify(requirement)} not by ${JSON.stringify(other)}`, () => {
      assert(!isImpliedBy(buildRequirement(requirement), buildRequirement(other)))
    })
  }

  test('none by everything, and nothing else by none', () => {
    assert(isImpliedBy('none', buildRequirement({ roles: ['a'] })))
    assert(isImpliedBy('none', 'none'))
    assert(!isImpliedBy(buildRequirement(), 'none'))
    assert(!isImpliedBy(buildRequirement({ login: 'optional' }), 'none'), 'people of other realms')
  })

  test('whoever passes the stricter one passes the other, for each pair of the tables that says so', () => {
    const parts = [...implied, ...notImplied].flat().map((part) => buildRequirement(part))
    const people = [
      ANONYMOUS,
      person(),
      robot(),
      withRoles(['a']),
      withRoles(['b']),
      withRoles(['a', 'b'], { c: ['r'], d: ['s'] }),
      withRoles(['b', 'c'], { c: ['s'] }),
      withClaims({ scope: 'a', groups: ['/a'], p: 'x' }),
      withClaims({ scope: 'a b', groups: ['/b'], p: ['y'], q: 1 }),
      person({ claims: { acr: 'gold', auth_time: 10_000 } }),
      person({ claims: { acr: 'silver', auth_time: 9941 } }),
    ]
    for (const requirement of parts) {
      for (const other of parts.filter((candidate) => isImpliedBy(requirement, candidate))) {
        for (const tenant of ['acme', null]) {
          for (const principal of people) {
            if (judge(other, principal, { ...FACTS, tenant }).kind === 'deny') continue
            assert.equal(judge(requirement, principal, { ...FACTS, tenant }).kind, 'allow')
          }
        }
      }
    }
  })
})
