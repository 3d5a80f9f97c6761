// Refreshers of several replicas over one store, and a realm whose answers the test writes.
import assert from 'node:assert/strict'
import type { RefreshResult, RelyingParty } from '../../src/realm/relying-party.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { createRefresher, type Refresher } from '../../src/tokens/refresh.ts'
import { createLeased } from './leased.ts'
import { buildNewSession, type ReplicaSet } from './lifecycle.ts'
import { buildTokens } from './sessions.ts'

type Answer = RefreshResult | Promise<RefreshResult>

export const refreshed: RefreshResult & { readonly kind: 'refreshed' } = {
  kind: 'refreshed',
  tokens: buildTokens({ accessToken: 'access-token-2', refreshToken: 'refresh-token-2', accessTokenExpiresAt: 2000 }),
  claims: null,
  roles: { realmRoles: ['user', 'admin'], clientRoles: {} },
  accessClaims: {},
}
export const down: RefreshResult = { kind: 'unavailable', because: 'refused', mayRepeat: true, retryAfterSeconds: null }
/** The tokens are refused; whether the realm's session lives is not said. */
export const spent: RefreshResult = { kind: 'rejected', because: 'reuse', isEnd: false }
export const refused: RefreshResult = { kind: 'unavailable', because: '401', mayRepeat: false, retryAfterSeconds: 3 }

/** The realm's side of the port: answers in turn, and remembers which token it was sent. */
export function scriptRealm(...answers: Answer[]) {
  const sent: string[] = []
  const realm: Pick<RelyingParty, 'refresh'> = {
    async refresh(refreshToken) {
      sent.push(refreshToken)
      const answer = answers[sent.length - 1]
      assert.ok(answer, 'the realm was asked more often than expected')
      return answer
    },
  }
  return { sent, realm: realm as RelyingParty }
}

export function startReplica(
  set: ReplicaSet,
  realm: RelyingParty,
  owner: string,
  over: SessionStore = set.store,
  changes: Parameters<typeof createLeased>[2] = {},
) {
  const { lifecycle, events, bus } = set.replica(over)
  const refresher = createRefresher({
    store: over,
    lifecycle,
    relyingParty: () => realm,
    events: bus,
    owner,
    ...createLeased(over, bus, changes),
  })
  return { lifecycle, events, refresher }
}

/** A replica, and a session whose tokens have just come due there. */
export async function openDue(
  set: ReplicaSet,
  realm: RelyingParty,
  over?: SessionStore,
  changes?: Parameters<typeof createLeased>[2],
) {
  const replica = startReplica(set, realm, 'one', over, changes)
  const { sessionId, live } = await replica.lifecycle.open(buildNewSession())
  set.clock.advance(61)
  return { ...replica, sessionId, live }
}

export const accessTokenOf = async (refresh: ReturnType<Refresher['refresh']>) => {
  const outcome = await refresh
  return outcome.kind === 'fresh' ? outcome.live.session.tokens.accessToken : outcome.kind
}
