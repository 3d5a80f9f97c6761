import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedRealm } from '../../src/keycloak/observed.ts'
import type { Change, FieldChange, RealmPlan } from '../../src/plan/plan.ts'
import { planRealm, planWithSalt } from '../../src/plan/plan-realm.ts'
import { rotationName } from '../../src/wanted/rotation-policy.ts'
import { OWNER_ATTRIBUTE, type WantedClient, type WantedRealm } from '../../src/wanted/wanted.ts'
import {
  asObserved,
  audienceMapper,
  OWNER,
  observedProvider,
  observedRealm,
  observedScope,
  realmOf,
  wantedClient,
  wantedProvider,
  wantedRealm,
  wantedScope,
} from '../support/realms.ts'

const FULL = wantedClient('mlflow', {
  settings: { enabled: true, redirectUris: ['https://b/x', 'https://a/x'], webOrigins: ['https://a'] },
  attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': 'https://a/1##https://a/2' },
  mappers: { 'audience of reports': audienceMapper('reports') },
  defaultScopes: ['basic', 'profile'],
  optionalScopes: ['email'],
  roles: ['reader'],
  serviceAccount: { realmRoles: ['operator'], clientRoles: { reports: ['reader'] } },
})

function planOf(wanted: WantedClient, observed: ObservedRealm): RealmPlan {
  return planRealm(wantedRealm({ clients: [wanted] }), observed, OWNER)
}

function onlyChange({ changes }: RealmPlan): Change {
  assert.equal(changes.length, 1, JSON.stringify(changes))
  return changes[0]!
}

function fieldsOf(wanted: WantedClient, observed: Parameters<typeof asObserved>[1]): readonly FieldChange[] {
  return onlyChange(planOf(wanted, realmOf(asObserved(wanted, observed)))).fields
}

test('a realm that is as wanted is in sync', () => {
  const scope = wantedScope('audience of reports', { mappers: { reports: audienceMapper('reports') } })
  const provider = wantedProvider('main', { secretOf: { realm: 'main', clientId: 'models-broker' } })
  const wanted = wantedRealm({
    clients: [FULL],
    scopes: [scope],
    roles: [{ name: 'operator', because: 'routes' }],
    identityProviders: [provider],
    rotation: { overlapSeconds: 3600, because: 'clients.mlflow' },
  })
  const observed: ObservedRealm = {
    ...realmOf(asObserved(FULL)),
    scopes: new Map([[scope.name, observedScope(scope)]]),
    roles: { kind: 'seen', value: new Map([['operator', 'id']]) },
    identityProviders: { kind: 'seen', value: new Map([['main', observedProvider(provider)]]) },
    rotation: { kind: 'seen', value: { isSupported: true, overlapSeconds: 3600 } },
  }
  const { changes, foreign, unseen } = planRealm(wanted, observed, OWNER)
  assert.deepEqual([changes, foreign, unseen], [[], [], []])
})

test('an empty realm lacks everything, in the order in which it can be made', () => {
  const wanted = wantedRealm({
    clients: [FULL],
    scopes: [wantedScope('tenant')],
    roles: [{ name: 'operator', because: 'routes' }],
    identityProviders: [wantedProvider('main')],
    rotation: { overlapSeconds: 3600, because: 'clients.mlflow' },
  })
  const { changes } = planRealm(wanted, observedRealm(), OWNER)
  assert.deepEqual(
    changes.map(({ kind, name, action, because }) => [kind, name, action, because]),
    [
      ['realm role', 'operator', 'create', 'routes'],
      ['client scope', 'tenant', 'create', 'services'],
      ['client', 'mlflow', 'create', 'clients.mlflow'],
      ['client role', 'mlflow/reader', 'create', 'clients.mlflow'],
      ['service account', 'mlflow', 'create', 'clients.mlflow'],
      ['identity provider', 'main', 'create', 'realms.models'],
      ['rotation policy', rotationName(OWNER), 'create', 'clients.mlflow'],
    ],
  )
})

test('a creation shows what the client will have, with its mark', () => {
  const { fields } = onlyChange(planOf(wantedClient('a'), observedRealm()))
  const shown = Object.fromEntries(fields.map(({ path, from, to }) => [path, [from, to]]))
  assert.deepEqual(shown.standardFlowEnabled, [undefined, false])
  assert.deepEqual(shown[`attributes.${OWNER_ATTRIBUTE}`], [undefined, OWNER])
  assert.ok(!('redirectUris' in shown))
})

test('the order of redirect URIs, origins, scopes and roles means nothing', () => {
  const observed = asObserved(FULL, {
    settings: { ...FULL.settings, redirectUris: ['https://a/x', 'https://b/x'] },
    defaultScopes: ['profile', 'basic'],
    attributes: {
      ...FULL.attributes,
      'post.logout.redirect.uris': 'https://a/2##https://a/1',
      [OWNER_ATTRIBUTE]: OWNER,
    },
  })
  assert.deepEqual(planOf(FULL, realmOf(observed)).changes, [])
})

const BY_HAND: readonly (readonly [string, Parameters<typeof asObserved>[1], readonly FieldChange[]])[] = [
  [
    'a redirect URI',
    { settings: { ...FULL.settings, redirectUris: ['https://a/x', 'https://evil/x'] } },
    [{ path: 'redirectUris', from: ['https://a/x', 'https://evil/x'], to: ['https://a/x', 'https://b/x'] }],
  ],
  [
    'a setting that is not there',
    { settings: { redirectUris: ['https://a/x', 'https://b/x'], webOrigins: ['https://a'] } },
    [{ path: 'enabled', from: undefined, to: true }],
  ],
  [
    'an attribute',
    { attributes: { ...FULL.attributes, [OWNER_ATTRIBUTE]: OWNER, 'pkce.code.challenge.method': 'plain' } },
    [{ path: 'attributes.pkce.code.challenge.method', from: 'plain', to: 'S256' }],
  ],
  [
    'a mapper that is gone',
    { mappers: new Map() },
    [{ path: 'mappers.audience of reports', from: undefined, to: { ...audienceMapper('reports') } }],
  ],
  [
    'a key of a mapper',
    { mappers: new Map([['audience of reports', { id: 'x', ...audienceMapper('billing') }]]) },
    [{ path: 'mappers.audience of reports.config.included.client.audience', from: 'billing', to: 'reports' }],
  ],
  [
    'a key that a mapper has too many',
    {
      mappers: new Map([
        [
          'audience of reports',
          {
            id: 'x',
            protocolMapper: 'oidc-audience-mapper',
            config: { ...audienceMapper('reports').config, 'id.token.claim': 'true' },
          },
        ],
      ]),
    },
    [{ path: 'mappers.audience of reports.config.id.token.claim', from: 'true', to: undefined }],
  ],
  [
    'the kind of a mapper',
    {
      mappers: new Map([
        ['audience of reports', { id: 'x', ...audienceMapper('reports'), protocolMapper: 'oidc-sub-mapper' }],
      ]),
    },
    [
      {
        path: 'mappers.audience of reports.protocolMapper',
        from: 'oidc-sub-mapper',
        to: 'oidc-audience-mapper',
      },
    ],
  ],
  [
    'a default scope',
    { defaultScopes: ['basic', 'roles'] },
    [{ path: 'defaultScopes', from: ['basic', 'roles'], to: ['basic', 'profile'] }],
  ],
  ['an optional scope', { optionalScopes: [] }, [{ path: 'optionalScopes', from: undefined, to: ['email'] }]],
  ['an emptied secret', { secret: { kind: 'empty' } }, [{ path: 'secret', from: undefined, to: '(made)' }]],
  ['a secret that is gone', { secret: { kind: 'none' } }, [{ path: 'secret', from: undefined, to: '(made)' }]],
]

for (const [what, observed, fields] of BY_HAND) {
  test(`${what} changed by hand is found by its name`, () => {
    assert.deepEqual(fieldsOf(FULL, observed), fields)
  })
}

test('what follows from other keys of a mapper may be written out or not', () => {
  const { protocolMapper, config } = audienceMapper('reports')
  const observe = (more: Record<string, string>) =>
    asObserved(FULL, {
      mappers: new Map([['audience of reports', { id: 'x', protocolMapper, config: { ...config, ...more } }]]),
    })
  assert.deepEqual(planOf(FULL, realmOf(observe({ 'introspection.token.claim': 'true' }))).changes, [])
  assert.equal(planOf(FULL, realmOf(observe({ 'introspection.token.claim': 'false' }))).changes.length, 1)
})

test('mappers and attributes of our client that the file does not name stay', () => {
  const observed = asObserved(FULL)
  const mappers = new Map([...observed.mappers, ['other', { id: 'x', ...audienceMapper('other') }]])
  const attributes = { ...observed.attributes, login_theme: 'own' }
  assert.deepEqual(planOf(FULL, realmOf({ ...observed, mappers, attributes })).changes, [])
})

test('scopes that the file does not decide about are not looked at', () => {
  const wanted = wantedClient('a')
  assert.deepEqual(planOf(wanted, realmOf(asObserved(wanted, { defaultScopes: ['anything'] }))).changes, [])
})

test('the scope that Keycloak itself assigns for a service account is no difference', () => {
  const wanted = wantedClient('a', { defaultScopes: ['basic'] })
  const defaultScopes = ['basic', 'service_account']
  assert.deepEqual(planOf(wanted, realmOf(asObserved(wanted, { defaultScopes }))).changes, [])
  const without = wantedClient('a', { defaultScopes: ['basic'], settings: { serviceAccountsEnabled: false } })
  assert.equal(planOf(without, realmOf(asObserved(without, { defaultScopes }))).changes.length, 1)
})

test('an attribute that must not be set is removed where it is, and not missed where it is not', () => {
  const wanted = wantedClient('a', { attributes: { 'access.token.lifespan': '' } })
  assert.deepEqual(planOf(wanted, realmOf(asObserved(wanted))).changes, [])
  const attributes = { 'access.token.lifespan': '60', [OWNER_ATTRIBUTE]: OWNER }
  assert.deepEqual(fieldsOf(wanted, { attributes }), [
    { path: 'attributes.access.token.lifespan', from: '60', to: undefined },
  ])
})

test('what Keycloak leaves out because it is false or empty is as wanted', () => {
  const settings = { enabled: true, authorizationServicesEnabled: false, description: '', redirectUris: [] }
  const wanted = wantedClient('a', { settings })
  assert.deepEqual(planOf(wanted, realmOf(asObserved(wanted, { settings: { enabled: true } }))).changes, [])
})

test('a service account lacks what is wanted and loses what is not', () => {
  const serviceAccount = {
    kind: 'seen',
    value: {
      userId: 'x',
      realmRoles: ['default-roles-main', 'admin'],
      clientRoles: { reports: ['reader'], 'realm-management': ['manage-users'] },
    },
  } as const
  const change = onlyChange(planOf(FULL, realmOf(asObserved(FULL, { serviceAccount }))))
  assert.deepEqual([change.kind, change.name, change.action], ['service account', 'mlflow', 'update'])
  assert.deepEqual(change.fields, [
    { path: 'realmRoles', from: ['admin'], to: ['operator'] },
    { path: 'clientRoles.realm-management', from: ['manage-users'], to: undefined },
  ])
})

test('a client role that is missing is created, and others stay', () => {
  const roles = { kind: 'seen', value: new Map([['writer', 'x']]) } as const
  const { kind, name, action } = onlyChange(planOf(FULL, realmOf(asObserved(FULL, { roles }))))
  assert.deepEqual([kind, name, action], ['client role', 'mlflow/reader', 'create'])
})

test('a client without our mark is left alone, with its roles and its service account', () => {
  const observed = asObserved(FULL, { attributes: {}, roles: { kind: 'seen', value: new Map() }, serviceAccount: null })
  const { changes, foreign } = planOf(FULL, realmOf(observed))
  assert.deepEqual(changes, [])
  assert.deepEqual(
    foreign.map(({ kind, clientId }) => [kind, clientId]),
    [['client', 'mlflow']],
  )
})

test('a client without our mark is adopted where the file says so, with every difference', () => {
  const wanted = { ...FULL, adopt: true }
  const { action, fields } = onlyChange(
    planOf(wanted, realmOf(asObserved(FULL, { attributes: FULL.attributes, defaultScopes: ['basic'] }))),
  )
  assert.equal(action, 'adopt')
  assert.deepEqual(
    fields.map(({ path }) => path),
    [`attributes.${OWNER_ATTRIBUTE}`, 'defaultScopes'],
  )
})

test("another owner's client is not adopted, even where the file says so", () => {
  const observed = asObserved(FULL, { attributes: { [OWNER_ATTRIBUTE]: 'warehouse' } })
  const { changes, foreign } = planOf({ ...FULL, adopt: true }, realmOf(observed))
  assert.deepEqual(changes, [])
  assert.match(foreign[0]?.because ?? '', /warehouse/)
})

test('a scope of that name without our mark is left alone', () => {
  const scope = wantedScope('tenant')
  const observed = observedRealm({ scopes: new Map([['tenant', observedScope(scope, { attributes: {} })]]) })
  const { changes, foreign } = planRealm(wantedRealm({ scopes: [scope] }), observed, OWNER)
  assert.deepEqual([changes.length, foreign[0]?.kind, foreign[0]?.clientId], [0, 'client scope', 'tenant'])
})

test('what carries our mark and is no longer named goes, and nothing else does', () => {
  const mine = wantedScope('old')
  const other = observedScope(wantedScope('theirs'), { attributes: { [OWNER_ATTRIBUTE]: 'warehouse' } })
  const gone = asObserved(wantedClient('gone'))
  const observed: ObservedRealm = {
    ...realmOf(gone, { ...asObserved(wantedClient('builtin')), attributes: {} }, asObserved(FULL)),
    scopes: new Map([
      ['old', observedScope(mine)],
      ['theirs', other],
    ]),
  }
  const { changes } = planRealm(wantedRealm({ clients: [FULL] }), observed, OWNER)
  assert.deepEqual(
    changes.map(({ kind, name, action }) => [kind, name, action]),
    [
      ['client scope', 'old', 'delete'],
      ['client', 'gone', 'delete'],
    ],
  )
})

test('what is hidden is unseen, never missing', () => {
  const hidden = { kind: 'hidden', lacks: 'view-realm' } as const
  const wanted: WantedRealm = wantedRealm({
    clients: [FULL],
    roles: [{ name: 'operator', because: 'routes' }],
    identityProviders: [wantedProvider('main')],
    rotation: { overlapSeconds: 3600, because: 'clients.mlflow' },
  })
  const client = asObserved(FULL, {
    roles: { kind: 'hidden', lacks: 'view-clients' },
    serviceAccount: { kind: 'hidden', lacks: 'view-users' },
  })
  const observed: ObservedRealm = {
    ...realmOf(client),
    roles: hidden,
    identityProviders: { kind: 'hidden', lacks: 'view-identity-providers' },
    rotation: hidden,
  }
  const { changes, unseen } = planRealm(wanted, observed, OWNER)
  assert.deepEqual(changes, [])
  assert.deepEqual(unseen, [
    { part: 'realm roles', lacks: 'view-realm' },
    { part: 'roles of mlflow', lacks: 'view-clients' },
    { part: 'service account of mlflow', lacks: 'view-users' },
    { part: 'identity providers', lacks: 'view-identity-providers' },
    { part: 'rotation policy', lacks: 'view-realm' },
  ])
})

test('parts nobody asks for are not missed when they are hidden', () => {
  const hidden = { kind: 'hidden', lacks: 'view-realm' } as const
  const observed = observedRealm({ roles: hidden, identityProviders: hidden, rotation: hidden })
  assert.deepEqual(planRealm(wantedRealm(), observed, OWNER).unseen, [])
})

test('a masked secret is unseen where it must be delivered, and no difference anywhere', () => {
  const secret = { kind: 'masked' } as const
  const delivering = wantedClient('a', { deliver: [{ kind: 'env-file', path: '.env', keys: {} }] })
  const planned = planOf(delivering, realmOf(asObserved(delivering, { secret })))
  assert.deepEqual([planned.changes, planned.unseen.map(({ part }) => part)], [[], ['secret of a']])
  const silent = planOf(wantedClient('a'), realmOf(asObserved(wantedClient('a'), { secret })))
  assert.deepEqual([silent.changes, silent.unseen], [[], []])
})

test('an identity provider that has no secret gets one, and a masked one is not compared', () => {
  const wanted = wantedProvider('main', {
    config: { issuer: 'x', clientSecret: 'never-compared' },
    secretOf: { realm: 'main', clientId: 'broker' },
  })
  const withConfig = (config: Record<string, string>) => {
    const provider = { ...observedProvider(wanted), config }
    const observed = observedRealm({ identityProviders: { kind: 'seen', value: new Map([['main', provider]]) } })
    return planRealm(wantedRealm({ identityProviders: [wanted] }), observed, OWNER).changes
  }
  assert.deepEqual(withConfig({ issuer: 'x', clientSecret: '**********' }), [])
  assert.deepEqual(
    withConfig({ issuer: 'x' })[0]?.fields.map(({ path }) => path),
    ['secret'],
  )
})

const OVERLAPS: readonly (readonly [number | null, number | null, Change['action'] | null])[] = [
  [null, null, null],
  [3600, 3600, null],
  [3600, null, 'create'],
  [3600, 60, 'update'],
  [null, 60, 'delete'],
]
for (const [wanted, overlapSeconds, action] of OVERLAPS) {
  test(`an overlap of ${overlapSeconds} where ${wanted} is wanted: ${action ?? 'in sync'}`, () => {
    const rotation = wanted === null ? null : { overlapSeconds: wanted, because: 'clients.a' }
    const observed = observedRealm({ rotation: { kind: 'seen', value: { isSupported: true, overlapSeconds } } })
    const { changes } = planRealm(wantedRealm({ rotation }), observed, OWNER)
    assert.deepEqual(
      changes.map((change) => change.action),
      action === null ? [] : [action],
    )
  })
}

test('a server without overlapping secrets is not asked for a policy', () => {
  const rotation = { kind: 'seen', value: { isSupported: false, overlapSeconds: null } } as const
  const wanted = wantedRealm({ rotation: { overlapSeconds: 3600, because: 'clients.a' } })
  assert.deepEqual(planRealm(wanted, observedRealm({ rotation }), OWNER).changes, [])
})

test('a plan holds no secret', () => {
  const observed = realmOf(asObserved(FULL, { settings: {} }), asObserved(wantedClient('gone')))
  assert.doesNotMatch(JSON.stringify(planOf(FULL, observed)), /kept-out-of-every-plan/)
})

test('the fingerprint is that of what was looked at', () => {
  const observed = asObserved(FULL)
  const fingerprint = (parts: Parameters<typeof asObserved>[1], salt = 'salt') =>
    planWithSalt(wantedRealm({ clients: [FULL] }), realmOf(asObserved(FULL, parts)), OWNER, salt).fingerprint
  assert.equal(fingerprint({}), fingerprint({ id: 'another', secret: { kind: 'masked' } }))
  assert.equal(fingerprint({}), fingerprint({ attributes: { ...observed.attributes, login_theme: 'own' } }))
  assert.notEqual(fingerprint({}), fingerprint({ defaultScopes: ['basic'] }))
  assert.notEqual(fingerprint({}), fingerprint({ secret: { kind: 'empty' } }))
  assert.notEqual(fingerprint({}), fingerprint({}, 'another'))
})

test('two plans of one realm have different fingerprints', () => {
  const planned = () => planOf(FULL, realmOf(asObserved(FULL))).fingerprint
  assert.notEqual(planned(), planned())
})
