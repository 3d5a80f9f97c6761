import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeDrift } from '../../src/plan/drift.ts'
import type { Change, Plan, RealmPlan } from '../../src/plan/plan.ts'
import { renderPlan } from '../../src/plan/plan-text.ts'

const CHANGES: readonly Change[] = [
  { kind: 'realm role', name: 'operator', action: 'create', fields: [], because: 'routes' },
  {
    kind: 'client',
    name: 'mlflow',
    action: 'update',
    fields: [
      { path: 'redirectUris', from: ['https://a/x', 'https://old/x'], to: ['https://a/x', 'https://new/x'] },
      { path: 'attributes.access.token.lifespan', from: '60', to: '300' },
      { path: 'attributes.login_theme', from: 'own', to: undefined },
      { path: 'secret', from: undefined, to: '(made)' },
    ],
    because: 'clients.mlflow',
  },
  { kind: 'client', name: 'old', action: 'delete', fields: [], because: 'the file no longer names it' },
]

function planOf(parts: Partial<RealmPlan> = {}): Plan {
  const realm = { name: 'main', issuer: 'https://sso/realms/main', fingerprint: 's.h', changes: CHANGES }
  return { format: 1, owner: 'shop', realms: [{ ...realm, foreign: [], unseen: [], ...parts }] }
}

test('a plan reads field by field, with its reasons, aligned', () => {
  const unseen = [{ part: 'identity providers', lacks: 'view-identity-providers' }]
  assert.equal(
    renderPlan(planOf({ unseen })),
    `realm main (https://sso/realms/main)
  + realm role operator  routes
  ~ client mlflow        clients.mlflow
      - redirectUris                      "https://old/x"
      + redirectUris                      "https://new/x"
      ~ attributes.access.token.lifespan  "60" -> "300"
      - attributes.login_theme            "own"
      + secret                            (made)
  - client old           the file no longer names it; goes with --prune alone
  not seen, and nothing is said of it:
      identity providers (needs view-identity-providers)

1 to create, 1 to change, 1 to delete; 1 part could not be seen`,
  )
})

test('a mapper that is missing is told key by key', () => {
  const to = { protocolMapper: 'oidc-audience-mapper', config: { 'access.token.claim': 'true' } }
  const fields = [{ path: 'mappers.audience', from: undefined, to }]
  const text = renderPlan(planOf({ changes: [{ ...CHANGES[1]!, fields }] }))
  assert.match(text, /^ {6}\+ mappers\.audience\.protocolMapper +"oidc-audience-mapper"$/m)
  assert.match(text, /^ {6}\+ mappers\.audience\.config\.access\.token\.claim +"true"$/m)
})

test('a realm in sync takes one line', () => {
  assert.equal(renderPlan(planOf({ changes: [] })), 'In sync: nothing to change')
})

test('a foreign client is told with the way to adopt it', () => {
  const foreign = [{ kind: 'client', clientId: 'reports', because: 'it was not made by this file' }] as const
  const text = renderPlan(planOf({ changes: [], foreign }))
  assert.match(text, /^ {2}! client reports .*adopt: true/m)
  assert.doesNotMatch(text, /In sync/)
})

test('nothing in a realm steers the terminal', () => {
  const name = 'a\u001b[31mb\u202ec\nd'
  const fields = [{ path: `p\u0007`, from: 'x\u009b1m', to: '\u2028' }]
  const text = renderPlan(planOf({ changes: [{ ...CHANGES[1]!, name, fields }], unseen: [{ part: name, lacks: 'r' }] }))
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
})

test('colours are for a terminal alone', () => {
  assert.ok(!renderPlan(planOf()).includes('\u001b'))
  assert.ok(renderPlan(planOf(), { colours: true }).includes('\u001b[32m  + realm role operator'))
})

test('drift is told by name', () => {
  const foreign = [{ kind: 'client', clientId: 'reports', because: 'it belongs to warehouse' }] as const
  assert.deepEqual(describeDrift(planOf({ foreign }).realms[0]!), [
    'realm role operator: missing',
    'client mlflow: changed (redirectUris, attributes.access.token.lifespan, attributes.login_theme, secret)',
    'client old: no longer in the file',
    'client reports: left alone, it belongs to warehouse',
  ])
})
