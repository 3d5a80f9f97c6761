// Realms as data, wanted and observed, of which a test says only what matters to it.
import type {
  ObservedClient,
  ObservedIdentityProvider,
  ObservedMapper,
  ObservedRealm,
  ObservedScope,
} from '../../src/keycloak/observed.ts'
import {
  OWNER_ATTRIBUTE,
  type WantedClient,
  type WantedIdentityProvider,
  type WantedMapper,
  type WantedRealm,
  type WantedScope,
} from '../../src/wanted/wanted.ts'

export const OWNER = 'shop'

export function wantedRealm(parts: Partial<WantedRealm> = {}): WantedRealm {
  return {
    name: 'main',
    realm: 'main',
    issuer: 'https://sso.example.com/realms/main',
    clients: [],
    scopes: [],
    roles: [],
    identityProviders: [],
    rotation: null,
    ...parts,
  }
}

/** A confidential client with a service account. */
export function wantedClient(clientId: string, parts: Partial<WantedClient> = {}): WantedClient {
  return {
    clientId,
    adopt: false,
    settings: {
      enabled: true,
      publicClient: false,
      clientAuthenticatorType: 'client-secret',
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      directAccessGrantsEnabled: false,
      redirectUris: [],
    },
    attributes: {},
    mappers: {},
    defaultScopes: null,
    optionalScopes: null,
    roles: [],
    serviceAccount: null,
    hasSecret: true,
    deliver: [],
    rotateSeconds: null,
    because: `clients.${clientId}`,
    ...parts,
  }
}

export function audienceMapper(audience: string): WantedMapper {
  return {
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': audience, 'access.token.claim': 'true' },
  }
}

export function wantedScope(name: string, parts: Partial<WantedScope> = {}): WantedScope {
  return { name, description: '', attributes: {}, mappers: {}, because: 'services', ...parts }
}

export function wantedProvider(alias: string, parts: Partial<WantedIdentityProvider> = {}): WantedIdentityProvider {
  return {
    alias,
    providerId: 'oidc',
    settings: { enabled: true },
    config: { issuer: 'https://sso.example.com/realms/main' },
    secretOf: null,
    because: 'realms.models',
    ...parts,
  }
}

export function observedRealm(parts: Partial<ObservedRealm> = {}): ObservedRealm {
  return {
    realm: 'main',
    clients: new Map(),
    scopes: new Map(),
    roles: { kind: 'seen', value: new Map() },
    identityProviders: { kind: 'seen', value: new Map() },
    rotation: { kind: 'seen', value: { isSupported: true, overlapSeconds: null } },
    ...parts,
  }
}

/** A realm with these clients. */
export function realmOf(...clients: readonly ObservedClient[]): ObservedRealm {
  return observedRealm({ clients: new Map(clients.map((client) => [client.clientId, client])) })
}

/** The client as an apply would leave it. */
export function asObserved(wanted: WantedClient, parts: Partial<ObservedClient> = {}): ObservedClient {
  const { clientId, settings, attributes, serviceAccount } = wanted
  const set = Object.entries(attributes).filter(([, value]) => value !== '')
  return {
    id: `id-of-${clientId}`,
    clientId,
    settings: { clientId, fullScopeAllowed: true, ...settings },
    attributes: { 'client.secret.creation.time': '1', ...Object.fromEntries(set), [OWNER_ATTRIBUTE]: OWNER },
    mappers: observedMappers(wanted.mappers),
    defaultScopes: wanted.defaultScopes ?? ['basic'],
    optionalScopes: wanted.optionalScopes ?? [],
    secret: wanted.hasSecret ? { kind: 'known', value: 'kept-out-of-every-plan' } : { kind: 'none' },
    roles: { kind: 'seen', value: new Map(wanted.roles.map((role) => [role, `id-of-${role}`])) },
    serviceAccount: serviceAccount && {
      kind: 'seen',
      value: {
        userId: `user-of-${clientId}`,
        realmRoles: [...serviceAccount.realmRoles, 'default-roles-main'],
        clientRoles: serviceAccount.clientRoles,
      },
    },
    ...parts,
  }
}

export function observedScope(wanted: WantedScope, parts: Partial<ObservedScope> = {}): ObservedScope {
  return {
    id: `id-of-${wanted.name}`,
    name: wanted.name,
    description: wanted.description,
    attributes: { ...wanted.attributes, [OWNER_ATTRIBUTE]: OWNER },
    mappers: observedMappers(wanted.mappers),
    ...parts,
  }
}

export function observedProvider(wanted: WantedIdentityProvider): ObservedIdentityProvider {
  const { alias, providerId, settings, config, secretOf } = wanted
  return {
    alias,
    settings: { alias, providerId, ...settings },
    config: secretOf === null ? config : { ...config, clientSecret: '**********' },
  }
}

function observedMappers(mappers: Readonly<Record<string, WantedMapper>>): ReadonlyMap<string, ObservedMapper> {
  return new Map(Object.entries(mappers).map(([name, mapper]) => [name, { id: `id-of-${name}`, ...mapper }]))
}
