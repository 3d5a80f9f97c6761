// What routes send, over a memory store and realms whose every answer is written by the test.
import assert from 'node:assert/strict'
import type { ObtainResult, RefreshResult, RelyingParty, TokenExchangeRequest } from '../../src/realm/relying-party.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { claimOf } from '../../src/session/session.ts'
import { type CredentialOptions, createCredentials } from '../../src/tokens/credential.ts'
import { type Beneficiary, holdToken } from '../../src/tokens/obtained.ts'
import { createRefresher } from '../../src/tokens/refresh.ts'
import type { SecondRealmRule } from '../../src/tokens/second-realm.ts'
import { createLeased } from './leased.ts'
import { buildNewSession, createReplicaSet, type Replica } from './lifecycle.ts'
import { createScriptedParty } from './scripted-party.ts'

type Answer<Result> = Result | Promise<Result>

/** One realm's answers, each kind in turn; asking for more than was written fails the test. */
export interface ScriptedObtainer {
  readonly party: RelyingParty
  readonly exchanged: readonly TokenExchangeRequest[]
  readonly requested: readonly (readonly string[])[]
  readonly assertions: readonly string[]
  readonly refreshed: readonly string[]
  onExchange(...answers: readonly Answer<ObtainResult>[]): void
  onClientToken(...answers: readonly Answer<ObtainResult>[]): void
  onAssertion(...answers: readonly Answer<ObtainResult>[]): void
  onRefresh(...answers: readonly Answer<RefreshResult>[]): void
}

function createScript<Asked, Result>(what: string) {
  const asked: Asked[] = []
  const answers: Answer<Result>[] = []
  return {
    asked,
    write: (...more: readonly Answer<Result>[]) => void answers.push(...more),
    async ask(question: Asked): Promise<Result> {
      const answer = answers[asked.push(question) - 1]
      assert.ok(answer, `the realm was asked for ${what} more often than expected`)
      return answer
    },
  }
}

export function createScriptedObtainer(realm: string): ScriptedObtainer {
  const exchanges = createScript<TokenExchangeRequest, ObtainResult>('an exchange')
  const clientTokens = createScript<readonly string[], ObtainResult>('a client token')
  const assertions = createScript<string, ObtainResult>('an assertion grant')
  const refreshes = createScript<string, RefreshResult>('a refresh')
  return {
    party: {
      ...createScriptedParty(),
      realm,
      issuer: `https://sso.example/realms/${realm}`,
      exchangeToken: exchanges.ask,
      requestClientToken: clientTokens.ask,
      redeemAssertion: assertions.ask,
      refresh: refreshes.ask,
    },
    exchanged: exchanges.asked,
    requested: clientTokens.asked,
    assertions: assertions.asked,
    refreshed: refreshes.asked,
    onExchange: exchanges.write,
    onClientToken: clientTokens.write,
    onAssertion: assertions.write,
    onRefresh: refreshes.write,
  }
}

export const SECOND_REALMS: ReadonlyMap<string, SecondRealmRule> = new Map<string, SecondRealmRule>([
  ['batch', { obtain: { kind: 'clientCredentials' }, scopes: ['infer'] }],
  [
    'models',
    {
      obtain: { kind: 'jwtGrant', audience: 'https://sso.example/realms/models', exchangeScopes: ['models-realm'] },
      scopes: [],
    },
  ],
  ['partner', { obtain: { kind: 'login' }, scopes: ['openid'] }],
])

/** A token of a realm that lives so long from the start of the clock. */
export function tokenOf(accessToken: string, expiresAt: number, scope: string | null = null): ObtainResult {
  return { kind: 'token', token: { accessToken, expiresAt, scope } }
}

export type CredentialBench = ReturnType<typeof createCredentialBench>

/** `main` is where people log in; the others are second realms. */
export function createCredentialBench(changes: Partial<CredentialOptions> = {}) {
  const set = createReplicaSet()
  const realms = new Map(['main', ...SECOND_REALMS.keys()].map((name) => [name, createScriptedObtainer(name)]))
  const realm = (name: string): ScriptedObtainer => {
    const found = realms.get(name)
    assert.ok(found, `no realm ${name}`)
    return found
  }

  function startReplica(owner: string) {
    const { lifecycle, events, bus } = set.replica()
    const common = {
      store: set.store,
      lifecycle,
      relyingParty: (name: string) => realm(name).party,
      events: bus,
      owner,
      ...createLeased(set.store, bus),
    }
    const refresher = createRefresher(common)
    const credentials = createCredentials({
      ...common,
      refresher,
      now: set.clock.now,
      waitSeconds: 5,
      refreshMarginSeconds: 30,
      secondRealms: SECOND_REALMS,
      loginRealm: 'main',
      verifies: false,
      internalTokens: {
        mint: () => holdToken({ accessToken: 'internal-token', expiresAt: 1_900_000_000, scope: null }),
      },
      ...changes,
    })
    return { lifecycle, events, refresher, credentials, open: () => open(lifecycle) }
  }

  async function open(lifecycle: Replica['lifecycle']) {
    const { sessionId, live } = await lifecycle.open(buildNewSession())
    return { sessionId, live, who: beneficiaryOf(live) }
  }

  return { ...set, realm, startReplica, ...startReplica('one') }
}

export function beneficiaryOf(live: LiveSession): Beneficiary {
  const { session } = live
  return {
    realm: session.realm,
    issuer: session.issuer,
    subject: session.subject,
    clientId: 'web-gateway',
    handle: session.handle,
    realmRoles: session.roles.realmRoles,
    clientRoles: session.roles.clientRoles,
    claim: (name) => claimOf(session, name),
    accessToken: session.tokens.accessToken,
    accessTokenExpiresAt: session.tokens.accessTokenExpiresAt,
    live,
    anchor: session.tokens,
  }
}

export function bearerBeneficiary(changes: Partial<Beneficiary> = {}): Beneficiary {
  return {
    realm: 'main',
    issuer: 'https://sso.example/realms/main',
    subject: 'alice-id',
    clientId: 'mobile',
    handle: null,
    realmRoles: [],
    clientRoles: {},
    claim: () => undefined,
    accessToken: 'bearer-token-1',
    accessTokenExpiresAt: 1060,
    live: null,
    anchor: {},
    ...changes,
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
