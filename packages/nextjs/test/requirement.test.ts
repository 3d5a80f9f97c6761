import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ApiRequirement, checkApiOptions } from '../src/requirement.ts'

const check = (require: ApiRequirement | undefined) =>
  checkApiOptions({ service: 'agent', ...(require && { require }) })

test('rules that can be kept are taken', () => {
  const rules = [undefined, {}, { login: true }, { login: 'optional' }, { roles: ['admin'], tenant: true }] as const
  for (const require of rules) check(require)
})

const WRONG: readonly (readonly [string, unknown])[] = [
  ['a rule nobody looks at', { role: 'admin' }],
  ['one of the gateway alone', { allRoles: ['admin'] }],
  ['no login', { login: false }],
  ['no roles', { roles: [] }],
  ['a role that is no list', { roles: 'admin' }],
  ['a role without a name', { roles: [''] }],
  ['no tenant', { tenant: false }],
  ['roles of strangers', { login: 'optional', roles: ['admin'] }],
  ['a tenant of strangers', { login: 'optional', tenant: true }],
]

for (const [what, require] of WRONG) {
  test(`${what} is refused before anybody passes`, () => {
    const isNamed = (error: unknown) => error instanceof TypeError && error.message.includes('agent')
    assert.throws(() => check(require as ApiRequirement), isNamed)
  })
}

test('strangers with roles cannot even be written', () => {
  // @ts-expect-error: the two contradict each other
  const require: ApiRequirement = { login: 'optional', roles: ['admin'] }
  assert.throws(() => check(require), TypeError)
})
