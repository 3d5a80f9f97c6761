// Puts the admin interface of one realm together over Keycloak's own client.
import { setTimeout as wait } from 'node:timers/promises'
import KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import { createAccessTokens } from './access-tokens.ts'
import { unknownRealmError } from './admin-errors.ts'
import { readObject } from './answers.ts'
import { createClientCalls } from './client-calls.ts'
import { type Connection, callsOf } from './connection.ts'
import { createGate } from './gate.ts'
import type { AdminCredential, RealmAdmin, RealmAdminOptions } from './realm-admin.ts'
import { createIdentityProviderCalls, createPolicyCalls } from './realm-calls.ts'
import type { Pause } from './repeat.ts'
import { createRoleCalls, createUserCalls } from './role-calls.ts'
import { createScopeCalls } from './scope-calls.ts'

/** What a test decides about instead of the clock of the machine. */
export interface RealmAdminTime {
  readonly pause: Pause
  readonly nowSeconds: () => number
}

/** Nothing is sent before the first call. Throws `TypeError` for an issuer that is none of Keycloak's. */
export function createRealmAdmin(options: RealmAdminOptions): RealmAdmin {
  return createTimedRealmAdmin(options, {
    pause: (seconds) => wait(seconds * 1000),
    nowSeconds: () => Date.now() / 1000,
  })
}

export function createTimedRealmAdmin(options: RealmAdminOptions, time: RealmAdminTime): RealmAdmin {
  const connection = connect(options, time)
  const { gate, client } = connection
  const realm = client.realmName
  return {
    realm,
    clients: createClientCalls(connection),
    scopes: createScopeCalls(connection),
    roles: createRoleCalls(connection),
    users: createUserCalls(connection),
    identityProviders: createIdentityProviderCalls(connection),
    policies: createPolicyCalls(connection),
    settings: () => callsOf(connection, 'read', 'view-realm')('read the realm', () => readSettings(client)),
    counts: gate.counts,
  }
}

function connect(options: RealmAdminOptions, { pause, nowSeconds }: RealmAdminTime): Connection {
  const { concurrency, timeoutSeconds, onCall, credential } = options
  const url = options.adminUrl.replace(/\/+$/, '')
  const { base, realm } = splitIssuer(options.issuer)
  const login = { url, realm: loginRealm(credential, realm), credential, timeoutSeconds, pause, nowSeconds }
  const tokens = createAccessTokens({ ...login, issuer: `${base}${encodeURIComponent(login.realm)}` })
  const client = new KeycloakAdminClient({
    baseUrl: url,
    realmName: realm,
    timeout: timeoutSeconds * 1000,
    // A redirect would turn a write into a read.
    requestOptions: { redirect: 'manual' },
  })
  client.registerTokenProvider({ getAccessToken: tokens.get })
  return { client, gate: createGate({ realm, url, concurrency, onCall, tokens, pause }), names: new Map() }
}

/** `https://sso.example.com/realms/main`: up to the name, and the name. */
function splitIssuer(issuer: string): { readonly base: string; readonly realm: string } {
  const [, base, name] = /^(.+\/realms\/)([^/]+)$/.exec(issuer) ?? []
  if (base === undefined || name === undefined) throw new TypeError(`${issuer} is no issuer of Keycloak`)
  return { base, realm: decodeURIComponent(name) }
}

function loginRealm(credential: AdminCredential, realm: string): string {
  return credential.kind === 'password' || credential.kind === 'foreignSecret' ? credential.realm : realm
}

async function readSettings(client: KeycloakAdminClient) {
  const found = await client.realms.findOne({ realm: client.realmName })
  if (found == null) throw unknownRealmError(client.realmName, client.baseUrl)
  return readObject(found)
}
