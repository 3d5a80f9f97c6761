// The realm of a run: it rotates refresh tokens, notices their reuse, and does to each token request what the plan says.
import { setTimeout as pause } from 'node:timers/promises'
import {
  type DevRealm,
  type DevUser,
  FAULTS,
  type Fault,
  GRANT_TYPES,
  type MetRequest,
  startDevRealm,
} from '@doorman/dev-realm'
import type { Gateways } from './gateways.ts'
import type { Ledger, Round } from './ledger.ts'
import type { RealmFault } from './plan.ts'
import type { Counter } from './tally.ts'
import { readClaims } from './upstream.ts'

export const CLIENT_ID = 'web-gateway'
export const CLIENT_SECRET = 'web-gateway-chaos-secret'
export const TOKEN_SECONDS = 7

/** A token request that stands at the realm. */
export interface StandingRequest {
  readonly person: string
  readonly port: number
  readonly round: Round
  readonly isFirst: boolean
}

/** Asked about each request; null leaves it to the plan. */
export type Intercept = (request: StandingRequest) => readonly Fault[] | null

export interface ChaosRealm {
  readonly realm: DevRealm
  readonly people: readonly DevUser[]
  /** What stands at the realm and has not been answered. */
  standing(): Iterable<StandingRequest>
  intercept(intercept: Intercept): void
  /** Nothing goes wrong any more. */
  calm(): void
}

export interface RealmGround {
  readonly publicUrl: string
  readonly sessions: number
  readonly reuse: 0 | 1
  readonly ledger: Ledger
  readonly counter: Counter
  readonly ownerOf: Gateways['ownerOf']
}

export async function startRealm(ground: RealmGround): Promise<ChaosRealm> {
  const { ledger, counter, publicUrl, reuse } = ground
  const people = Array.from({ length: ground.sessions }, (_, index) => buildPerson(index))
  const standing = new Set<StandingRequest>()
  let intercept: Intercept = () => null
  let isCalm = false
  const realm = await startDevRealm({
    clients: [{ clientId: CLIENT_ID, secret: CLIENT_SECRET, redirectUris: [`${publicUrl}/auth/callback`] }],
    users: people,
    settings: { accessTokenSeconds: TOKEN_SECONDS, revokeRefreshToken: true, refreshTokenMaxReuse: reuse },
    onTokenUse(use) {
      ledger.use(personOf(use.sid), use, performance.now() / 1000)
      if (use.outcome !== 'first') counter.spent(use.outcome === 'again' ? 'taken' : 'refused')
    },
  })
  const personOf = createPersonLookup(realm, people)

  function note({ form, port, over }: MetRequest): StandingRequest {
    const claims = readClaims(form.get('refresh_token') ?? '')
    const [person, tokenId] = [personOf(String(claims.sid)), String(claims.jti)]
    const sender = ground.ownerOf(port)?.name ?? null
    const before = ledger.rounds()
    const round = ledger.present(person, tokenId, sender, performance.now() / 1000)
    if (ledger.rounds() > before && !isCalm) counter.round(round.fault)
    const isFirst = round.presentations.length === 1
    const request = { person, port, round, isFirst }
    standing.add(request)
    over.then(() => standing.delete(request))
    return request
  }

  realm.faults.decide('token', (met) => {
    counter.tokenRequest()
    if (met.form.get('grant_type') !== GRANT_TYPES.refreshToken) return []
    const request = note(met)
    return intercept(request) ?? (isCalm ? [] : buildFaults(request))
  })
  return {
    realm,
    people,
    standing: () => standing.values(),
    intercept(next) {
      intercept = next
    },
    calm() {
      isCalm = true
      intercept = () => null
    },
  }
}

function buildPerson(index: number): DevUser {
  return {
    id: `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`,
    username: `person-${index + 1}`,
    firstName: 'Person',
    lastName: String(index + 1),
    email: `person-${index + 1}@example.test`,
    enabled: true,
    realmRoles: ['user'],
    clientRoles: {},
  }
}

/** Whose session of the realm it is. */
function createPersonLookup(realm: DevRealm, people: readonly DevUser[]): (sid: string) => string {
  const subjects = new Map(people.map(({ username, id }) => [username, id]))
  const known = new Map<string, string>()
  return (sid) => {
    if (!known.has(sid)) {
      for (const session of realm.sessions()) known.set(session.sid, subjects.get(session.username) ?? '')
    }
    return known.get(sid) ?? ''
  }
}

const UNSPENT: Partial<Readonly<Record<RealmFault, Fault>>> = {
  'dropped before processing': FAULTS.cutBefore,
  '500': FAULTS.serverError,
  '502': FAULTS.badGateway,
  '503 text/plain': FAULTS.booting,
}

/** The first request of a round meets its fault; what leaves the token unspent may come several times. */
function buildFaults({ round, isFirst }: StandingRequest): readonly Fault[] {
  const { fault, plan, presentations } = round
  const unspent = UNSPENT[fault]
  if (unspent !== undefined) return round.isSpent || presentations.length > plan.times ? [] : [unspent]
  if (!isFirst) return []
  switch (fault) {
    case 'delayed':
    case 'delayed past the lease':
      return [
        {
          kind: 'wait',
          moment: plan.delaysProcessing ? 'before' : 'after',
          until: pause(plan.delaySeconds * 1000, undefined, { ref: false }),
        },
      ]
    case 'dropped after processing':
      return [FAULTS.cutAfter]
    case 'cut in the middle':
      return [FAULTS.cutWithin]
    default:
      return []
  }
}
