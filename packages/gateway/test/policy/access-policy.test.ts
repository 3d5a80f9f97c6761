import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decide, isImpliedBy, type Requirement } from '../../src/policy/access-policy.ts'
import { ANONYMOUS, type Principal, sessionPrincipal } from '../../src/policy/principal.ts'
import type { LiveSession } from '../../src/session/live-session.ts'

function person(
  realmRoles: readonly string[],
  clientRoles: Readonly<Record<string, readonly string[]>> = {},
): Principal {
  return sessionPrincipal({ session: { roles: { realmRoles, clientRoles } } } as LiveSession)
}

function rule(
  roles: readonly string[] = [],
  clientRoles: Readonly<Record<string, readonly string[]>> = {},
): Requirement {
  return { login: true, roles, clientRoles }
}

suite('a decision', () => {
  const allowed: readonly [string, Requirement, Principal][] = [
    ['everybody where nothing is required', 'none', ANONYMOUS],
    ['somebody logged in', rule(), person([])],
    ['who has the role', rule(['admin']), person(['user', 'admin'])],
    ['who has one of the roles', rule(['a', 'b']), person(['b'])],
    ['who has the client role', rule([], { reports: ['read'] }), person([], { reports: ['read'] })],
    ['who has one of the client roles', rule([], { reports: ['read', 'write'] }), person([], { reports: ['write'] })],
  ]
  for (const [name, requirement, principal] of allowed) {
    test(`lets in ${name}`, () => assert.deepEqual(decide(requirement, principal), { kind: 'allow' }))
  }

  const denied: readonly [string, Requirement, Principal, string][] = [
    ['nobody where a login is required', rule(), ANONYMOUS, 'login'],
    ['nobody where a role is required', rule(['admin']), ANONYMOUS, 'login'],
    ['who lacks the role', rule(['admin']), person(['user']), 'role'],
    ['who has the realm role but not the client role', rule(['a'], { c: ['r'] }), person(['a']), 'role'],
    ['who lacks a role of one of two clients', rule([], { c: ['r'], d: ['s'] }), person([], { c: ['r'] }), 'role'],
    ['who has a role of another spelling', rule(['admin']), person(['Admin', 'admin ']), 'role'],
    ['who has the realm role for a client role', rule([], { reports: ['read'] }), person(['read']), 'role'],
    ['who has the role at another client', rule([], { reports: ['read'] }), person([], { agent: ['read'] }), 'role'],
    ['a client named like a property of every object', rule([], { constructor: ['name'] }), person([]), 'role'],
  ]
  for (const [name, requirement, principal, needs] of denied) {
    test(`turns away ${name}`, () => {
      const decision = decide(requirement, principal)
      assert.equal(decision.kind === 'deny' && decision.needs, needs)
    })
  }
})

test('a requirement is implied by one at least as strict', () => {
  assert(isImpliedBy('none', rule(['a'])))
  assert(isImpliedBy(rule(), rule(['a'])))
  assert(isImpliedBy(rule(['a', 'b']), rule(['a'])))
  assert(isImpliedBy(rule([], { c: ['r', 's'] }), rule([], { c: ['r'] })))
  assert(isImpliedBy(rule([], { c: ['r'] }), rule([], { c: ['r'], d: ['s'] })))
  assert(!isImpliedBy(rule(), 'none'))
  assert(!isImpliedBy(rule(['a']), rule()))
  assert(!isImpliedBy(rule(['a']), rule(['a', 'b'])))
  assert(!isImpliedBy(rule(['a']), rule(['b'])))
  assert(!isImpliedBy(rule([], { c: ['r'] }), rule([], { d: ['r'] })))
})
