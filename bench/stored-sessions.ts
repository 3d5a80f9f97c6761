// Sessions made in a store without logging anybody in, with tokens of the sizes Keycloak 26 gives a person with few
// roles; and what reading them cold costs.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseConfig } from '../packages/gateway/src/config/load.ts'
import { createEvents } from '../packages/gateway/src/kernel/events.ts'
import { createSealer } from '../packages/gateway/src/kernel/seal.ts'
import { systemClock } from '../packages/gateway/src/kernel/time.ts'
import { openStore } from '../packages/gateway/src/open-store.ts'
import { createSessionLifecycle, type SessionLifecycle } from '../packages/gateway/src/session/lifecycle.ts'
import type { SessionStore } from '../packages/gateway/src/session/session-store.ts'
import { createTextKeyRing } from '../packages/gateway/src/stores/key-ring.ts'

/** Of all gateways of the bench. */
export const SEALING_KEY = 'ab'.repeat(32)
const LIFE_SECONDS = 36_000
const SIZES = { access: 1322, refresh: 790, id: 1080 }
const AT_ONCE = 200

export interface StoredSessions {
  readonly store: SessionStore
  /** Opens sessions and returns their ids. */
  open(count: number, issuer: string): Promise<readonly string[]>
  /** Reads each once, none of them from memory. Microseconds for one, in CPU time of this process and on the clock. */
  readCold(sessionIds: readonly string[]): Promise<{ readonly cpuMicros: number; readonly micros: number }>
  close(): Promise<void>
}

export async function openStoredSessions(address: string): Promise<StoredSessions> {
  const store = await openAddress(address)
  const create = (cachedSessions: number) => createLifecycle(store, cachedSessions)
  const opening = create(1)
  return {
    store,
    async open(count, issuer) {
      const ids: string[] = []
      for (let start = 0; start < count; start += AT_ONCE) {
        const size = Math.min(AT_ONCE, count - start)
        const opened = Array.from({ length: size }, (_, offset) => openOne(opening, issuer, start + offset))
        ids.push(...(await Promise.all(opened)))
      }
      return ids
    },
    async readCold(sessionIds) {
      const reading = create(1)
      const before = process.cpuUsage()
      const startedAt = performance.now()
      for (const id of sessionIds) {
        const found = await reading.find(id)
        if (found.kind !== 'active') throw new Error('a session is missing')
      }
      const { user, system } = process.cpuUsage(before)
      const micros = (performance.now() - startedAt) * 1000
      return { cpuMicros: (user + system) / sessionIds.length, micros: micros / sessionIds.length }
    },
    close: () => store.close(),
  }
}

/** A `Cookie` header a line, for gateways behind any of these ports. */
export function writeCookies(file: string, sessionIds: readonly string[], port: string): void {
  writeFileSync(file, sessionIds.map((id) => `doorman-${port}=${id}`).join('\n'))
}

async function openAddress(address: string): Promise<SessionStore> {
  const text = `
publicUrl: http://localhost:1
realms: { main: { issuer: "http://localhost:1/realms/main", clientId: x, clientAuth: { secret: x } } }
session: { store: "${address}" }
keys: ["${SEALING_KEY}"]
`
  const reading = parseConfig(text, { file: 'bench.yaml', env: {}, folder: '/' })
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems))
  return (await openStore(reading.config, { ca: [], clock: systemClock, tell: () => {} })).store
}

function createLifecycle(store: SessionStore, cachedSessions: number): SessionLifecycle {
  return createSessionLifecycle({
    store,
    sealer: createSealer(createTextKeyRing([SEALING_KEY]), 'session'),
    limits: { idleSeconds: LIFE_SECONDS, absoluteSeconds: LIFE_SECONDS },
    refreshMarginSeconds: 30,
    cachedSessions,
    cacheSeconds: LIFE_SECONDS,
    staleSeconds: 0,
    verifySeconds: null,
    events: createEvents(),
    onEnded: () => undefined,
  })
}

/** A text of its own for each session, as tokens are. */
function tokenOf(bytes: number): string {
  return randomBytes(Math.ceil((bytes * 3) / 4))
    .toString('base64url')
    .slice(0, bytes)
}

async function openOne(lifecycle: SessionLifecycle, issuer: string, index: number): Promise<string> {
  const expiresAt = lifecycle.now() + LIFE_SECONDS
  const { sessionId } = await lifecycle.open({
    realm: 'main',
    issuer,
    subject: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    sid: tokenOf(24),
    tokens: {
      accessToken: tokenOf(SIZES.access),
      accessTokenExpiresAt: expiresAt,
      refreshToken: tokenOf(SIZES.refresh),
      refreshTokenExpiresAt: expiresAt,
      idToken: tokenOf(SIZES.id),
    },
    claims: { name: `Person ${index}`, email: `person-${index}@example.test` },
    roles: { realmRoles: ['user', 'researcher'], clientRoles: { reports: ['read'] } },
    accessClaims: { scope: 'openid profile email' },
    device: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) bench', address: '192.0.2.0/24' },
    heals: null,
    continues: null,
  })
  return sessionId
}
