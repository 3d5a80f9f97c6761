// A realm with one of everything that we make, correct and delete, among things of others; and what can be seen of it.
import type { KeycloakAdmin } from '@doorman/dev-realm/keycloak'
import type { WantedRealm } from '../../src/wanted/wanted.ts'
import { OWNER_ATTRIBUTE } from '../../src/wanted/wanted.ts'
import { audienceMapper, OWNER, wantedClient, wantedProvider, wantedRealm, wantedScope } from './realms.ts'

export const PROVISIONER = { clientId: 'provisioner', secret: 'a secret of the tests' }

const SCOPES = ['basic', 'profile', 'reports-audience']

/** What the file wants. */
export function wholeRealm(realm: string, issuer: string): WantedRealm {
  return wantedRealm({
    realm,
    issuer,
    roles: [
      { name: 'reader', because: 'routes' },
      { name: 'operator', because: 'clients.job' },
    ],
    scopes: [
      wantedScope('reports-audience', { description: 'for reports', mappers: { reports: audienceMapper('web') } }),
    ],
    clients: [
      wantedClient('web', {
        settings: {
          publicClient: false,
          standardFlowEnabled: true,
          serviceAccountsEnabled: false,
          redirectUris: ['https://app.example.com/auth/callback'],
          webOrigins: [],
        },
        attributes: { 'pkce.code.challenge.method': 'S256', 'tls.client.certificate.bound.access.tokens': '' },
        mappers: { 'audience of itself': audienceMapper('web') },
        defaultScopes: SCOPES,
        optionalScopes: ['email'],
        roles: ['viewer'],
      }),
      wantedClient('job', {
        defaultScopes: SCOPES,
        optionalScopes: [],
        serviceAccount: { realmRoles: ['operator'], clientRoles: { web: ['viewer'] } },
      }),
      wantedClient('legacy', {
        adopt: true,
        settings: {
          serviceAccountsEnabled: true,
          redirectUris: ['https://new.example.com/*'],
          description: 'taken over',
        },
        mappers: { ours: audienceMapper('web') },
        defaultScopes: ['basic'],
        optionalScopes: ['profile'],
      }),
    ],
    identityProviders: [
      wantedProvider('other-realm', {
        config: {
          issuer: 'https://sso.example.com/realms/other',
          clientId: 'broker',
          authorizationUrl: 'https://sso.example.com/auth',
          tokenUrl: 'https://sso.example.com/token',
        },
        secretOf: { realm: 'other', clientId: 'broker' },
      }),
    ],
    rotation: { overlapSeconds: 3600, because: 'clients.job' },
  })
}

/** Makes the realm as it is before: with the provisioner, things of others, and things of ours that the file dropped. */
export async function prepareRealm(admin: KeycloakAdmin, realm: string): Promise<void> {
  await admin.post('', { realm, enabled: true })
  const clients = `${realm}/clients`
  for (const client of CLIENTS) await admin.post(clients, client)
  await admin.post(`${realm}/client-scopes`, { ...SCOPE_OF_OTHERS })
  await admin.post(`${realm}/client-scopes`, {
    name: 'old-scope',
    protocol: 'openid-connect',
    attributes: { [OWNER_ATTRIBUTE]: OWNER },
  })
  await admin.post(`${realm}/roles`, { name: 'of-others', description: 'not ours' })
  await admin.put(`${realm}/client-policies/profiles`, { profiles: [{ name: 'of others', executors: [] }] })
  await admin.put(`${realm}/client-policies/policies`, { policies: [POLICY_OF_OTHERS] })
  await giveRoles(admin, realm, PROVISIONER.clientId, APPLY_ROLES)
}

export const APPLY_ROLES = ['manage-clients', 'manage-realm', 'manage-users', 'manage-identity-providers']

export async function giveRoles(
  admin: KeycloakAdmin,
  realm: string,
  clientId: string,
  names: readonly string[],
): Promise<void> {
  type Thing = { readonly id: string; readonly name: string }
  const find = async (id: string) => (await admin.get<readonly Thing[]>(`${realm}/clients?clientId=${id}`))[0]?.id
  const account = await admin.get<Thing>(`${realm}/clients/${await find(clientId)}/service-account-user`)
  const management = await find('realm-management')
  const roles = await admin.get<readonly Thing[]>(`${realm}/clients/${management}/roles`)
  const given = roles.filter(({ name }) => names.includes(name))
  await admin.post(`${realm}/users/${account.id}/role-mappings/clients/${management}`, given)
}

const CLIENTS = [
  {
    clientId: PROVISIONER.clientId,
    secret: PROVISIONER.secret,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
  },
  {
    clientId: 'legacy',
    secret: 'known to others',
    serviceAccountsEnabled: true,
    authorizationServicesEnabled: true,
    redirectUris: ['https://old.example.com/*'],
    attributes: { 'of.others': 'stays' },
    protocolMappers: [{ name: 'theirs', protocol: 'openid-connect', ...audienceMapper('legacy') }],
  },
  { clientId: 'stranger', secret: 'of a stranger', attributes: { [OWNER_ATTRIBUTE]: 'somebody else' } },
  { clientId: 'abandoned', publicClient: true, attributes: { [OWNER_ATTRIBUTE]: OWNER } },
]

const SCOPE_OF_OTHERS = { name: 'of-others', protocol: 'openid-connect', attributes: { theirs: '1' } }

const POLICY_OF_OTHERS = {
  name: 'of others',
  enabled: true,
  conditions: [{ condition: 'client-access-type', configuration: { type: ['public'] } }],
  profiles: ['of others'],
}

type Thing = Readonly<Record<string, unknown>>

/** All that can be seen of a realm, without ids and times, in an order of its own. Secrets are `true`. */
export async function snapshotRealm(admin: KeycloakAdmin, realm: string): Promise<Readonly<Record<string, unknown>>> {
  const get = <Answer>(path: string) => admin.get<Answer>(`${realm}/${path}`)
  const [clients, scopes, roles, providers, profiles, policies] = await Promise.all([
    get<readonly Thing[]>('clients'),
    get<readonly Thing[]>('client-scopes'),
    get<readonly Thing[]>('roles?briefRepresentation=false'),
    get<readonly Thing[]>('identity-provider/instances'),
    get('client-policies/profiles'),
    get('client-policies/policies'),
  ])
  const details = await Promise.all(
    clients.map(async (client) => ({
      ...client,
      roles: await get<readonly Thing[]>(`clients/${client.id}/roles`),
      account: client.serviceAccountsEnabled === true ? await readAccount(admin, realm, client) : null,
    })),
  )
  return plain({ clients: details, scopes, roles, providers, profiles, policies }) as Readonly<Record<string, unknown>>
}

async function readAccount(admin: KeycloakAdmin, realm: string, { id }: Thing): Promise<unknown> {
  const user = await admin.get<Thing>(`${realm}/clients/${id}/service-account-user`)
  return admin.get(`${realm}/users/${user.id}/role-mappings`)
}

const IDS = new Set(['id', 'containerId', 'internalId', 'client.secret.creation.time', 'client'])

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain).toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .filter(([name]) => !IDS.has(name))
    .map(([name, field]) => [name, name === 'secret' ? true : plain(field)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields)
}

function textOf(value: unknown): string {
  return JSON.stringify(value)
}
