// A restriction that somebody wrote and nothing enforces: the configuration is refused, never taken without it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEAD, problemsOf } from '../config/support.ts'

const RULES = [
  '{ login: true, groups: [staff] }',
  '{ login: true, tenant: true }',
  '{ login: true, scope: [read] }',
  '{ login: true, scopes: [] }',
  '{ login: true, claims: { department: [] } }',
  '{ login: false, via: [bearer] }',
  '{ via: [] }',
  '{ login: true, emailDomain: company.example }',
  '{ login: true, Roles: [admin] }',
  '{ login: false, roles: [admin] }',
  '{ clientRoles: { __proto__: [admin] } }',
  '{ login: true, __proto__: { roles: [admin] } }',
  '{ <<: { roles: [admin] }, login: true }',
  '{ roles: [] }',
  '{}',
  'yes',
]
for (const rule of RULES) {
  test(`require: ${rule} keeps the gateway from starting (CVE-2021-21411)`, () => {
    assert.notDeepEqual(problemsOf(`${HEAD}routes: [{ path: /a, service: reports, require: ${rule} }]`), [])
  })
}

test('a route without require keeps the gateway from starting (CVE-2021-21411)', () => {
  assert.notDeepEqual(problemsOf(`${HEAD}routes: [{ path: /a, service: reports }]`), [])
})

test('a service named like a part of every object is no service (checklist 14)', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.notDeepEqual(problemsOf(`${HEAD}routes: [{ path: /a, service: ${name}, require: { login: true } }]`), [])
  }
  const services = 'services: { __proto__: { url: "http://feed:8000", credential: none } }'
  const text = HEAD.replace(/services: .*/s, services)
  assert.notDeepEqual(problemsOf(`${text}\nroutes: [{ path: /a, service: __proto__, require: { login: true } }]`), [])
})
