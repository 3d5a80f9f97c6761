// What sessions cost one process in memory: hot in its cache, then each with an internal and an exchanged token at
// hand. The store is a file, so that records are not counted. Tokens have the sizes Keycloak 26 gives a person with few
// roles. `npm run bench:sessions -- [--sessions 100000] [--json]`
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEvents } from '../packages/gateway/src/kernel/events.ts'
import { createSealer } from '../packages/gateway/src/kernel/seal.ts'
import { systemElapsed } from '../packages/gateway/src/kernel/time.ts'
import { wait } from '../packages/gateway/src/kernel/wait.ts'
import type { RelyingParty } from '../packages/gateway/src/realm/relying-party.ts'
import { createSessionLifecycle } from '../packages/gateway/src/session/lifecycle.ts'
import type { LiveSession } from '../packages/gateway/src/session/live-session.ts'
import { openSqliteStore } from '../packages/gateway/src/stores/sqlite.ts'
import { createCredentials } from '../packages/gateway/src/tokens/credential.ts'
import { createInternalTokens } from '../packages/gateway/src/tokens/internal-token.ts'
import type { Beneficiary, Credential } from '../packages/gateway/src/tokens/obtained.ts'
import { createRealmGates } from '../packages/gateway/src/tokens/realm-gate.ts'
import { createSessionNews } from '../packages/gateway/src/tokens/session-news.ts'
import { createSigningKeys } from '../packages/gateway/src/tokens/signing-keys.ts'

const MAX_SESSIONS = 1_000_000
const AT_ONCE = 64
const LIFE_SECONDS = 36_000
/** Bytes of Keycloak's tokens for a person with two roles. */
const SIZES = { access: 1322, refresh: 790, id: 1080, exchanged: 1250 }

const { values } = parseArgs({
  options: { sessions: { type: 'string', default: '100000' }, json: { type: 'boolean', default: false } },
})
const count = Number(values.sessions)
if (!Number.isInteger(count) || count < 1 || count > MAX_SESSIONS) throw new RangeError(`1 to ${MAX_SESSIONS} sessions`)
if (globalThis.gc === undefined) throw new Error('run with --expose-gc')

const clock = () => Date.now() / 1000
const folder = mkdtempSync(join(tmpdir(), 'doorman-memory-'))
const store = await openSqliteStore({ path: join(folder, 'bench.db'), clock, pollMillis: 60_000, busyMillis: 5000 })
const keys = [{ id: '0011223344556677', secret: randomBytes(32) }]
const ring = { keys: () => keys, reload() {} }
const events = createEvents()
const lifecycle = createSessionLifecycle({
  store,
  sealer: createSealer(ring, 'session'),
  limits: { idleSeconds: LIFE_SECONDS, absoluteSeconds: LIFE_SECONDS },
  refreshMarginSeconds: 30,
  cachedSessions: count,
  cacheSeconds: LIFE_SECONDS,
  staleSeconds: 0,
  verifySeconds: null,
  events,
  onEnded: () => undefined,
})
const signingKeys = createSigningKeys({
  store,
  sealer: createSealer(ring, 'signing-keys'),
  algorithm: 'RS256',
  pollSeconds: 60,
  events,
})
await signingKeys.start()

/** A text of its own for each session, as tokens are. */
function tokenOf(bytes: number): string {
  return randomBytes(Math.ceil((bytes * 3) / 4))
    .toString('base64url')
    .slice(0, bytes)
}

const exchanging = {
  exchangeToken: async () => ({
    kind: 'token',
    token: { accessToken: tokenOf(SIZES.exchanged), expiresAt: clock() + LIFE_SECONDS, scope: null },
  }),
} as unknown as RelyingParty
const work = {
  store,
  news: createSessionNews({ store, elapsed: systemElapsed, wait }),
  gates: createRealmGates({
    concurrency: 16,
    maxWaiting: 1000,
    waitSeconds: 5,
    breaker: { opensAfter: 5, openSeconds: 3 },
    now: clock,
    events,
  }),
  elapsed: systemElapsed,
  lifecycle,
  relyingParty: () => exchanging,
  events,
  owner: 'bench',
  leaseSeconds: 10,
  limitSeconds: 10,
  cooldownSeconds: 1,
  wait,
}
const credentials = createCredentials({
  ...work,
  refresher: {
    refresh: () => Promise.reject(new Error('not due')),
    refreshNow: () => Promise.reject(new Error('not due')),
  },
  internalTokens: createInternalTokens({
    issuer: 'https://app.example.com',
    lifeSeconds: 300,
    keys: signingKeys,
    now: clock,
  }),
  secondRealms: new Map(),
  loginRealm: 'main',
  verifies: false,
  now: clock,
  waitSeconds: 5,
  refreshMarginSeconds: 30,
})

async function openOne(index: number): Promise<LiveSession> {
  const expiresAt = clock() + LIFE_SECONDS
  const { live } = await lifecycle.open({
    realm: 'main',
    issuer: 'https://sso.example.com/realms/main',
    subject: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    sid: tokenOf(24),
    tokens: {
      accessToken: tokenOf(SIZES.access),
      accessTokenExpiresAt: expiresAt,
      refreshToken: tokenOf(SIZES.refresh),
      refreshTokenExpiresAt: expiresAt,
      idToken: tokenOf(SIZES.id),
    },
    claims: { name: `Person ${index}`, email: `person-${index}@example.test`, preferred_username: `person-${index}` },
    roles: { realmRoles: ['user', 'researcher'], clientRoles: { reports: ['read'] } },
    accessClaims: { scope: 'openid profile email', organization: ['acme'] },
    device: { userAgent: 'Mozilla/5.0 (X11; Linux x64) bench', address: '192.0.2.0/24' },
    heals: null,
    continues: null,
  })
  return live
}

function beneficiaryOf(live: LiveSession): Beneficiary {
  const { realm, issuer, subject, handle, roles, tokens } = live.session
  return {
    realm,
    issuer,
    subject,
    clientId: 'web-gateway',
    handle,
    ...roles,
    claim: () => undefined,
    accessToken: tokens.accessToken,
    accessTokenExpiresAt: tokens.accessTokenExpiresAt,
    live,
    anchor: live.session.tokens,
  }
}

async function inBatches<T>(amount: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = []
  for (let start = 0; start < amount; start += AT_ONCE) {
    const size = Math.min(AT_ONCE, amount - start)
    done.push(...(await Promise.all(Array.from({ length: size }, (_, offset) => work(start + offset)))))
  }
  return done
}

/** What is dead may need several collections to go: weak references among it, and what they held. */
async function measure(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    await wait(0.05)
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const INTERNAL: Credential = { kind: 'internal', audience: 'agent', roles: 'all', clientRoles: [], claims: [] }
const EXCHANGE: Credential = { kind: 'exchange', audience: 'billing', scopes: [] }
const say = (text: string) => {
  if (!values.json) process.stderr.write(`${text}\n`)
}

const empty = await measure()
say(`opening ${count} sessions`)
const lives = await inBatches(count, openOne)
const hot = await measure()
say('an internal token for each')
await inBatches(count, async (index) =>
  credentials.obtain(INTERNAL, beneficiaryOf(lives[index] as LiveSession), 'acme'),
)
const withInternal = await measure()
say('an exchanged token for each')
await inBatches(count, async (index) => credentials.obtain(EXCHANGE, beneficiaryOf(lives[index] as LiveSession), null))
const withExchange = await measure()

const rows = [
  { what: 'hot session', bytes: (hot - empty) / count },
  { what: '+ one internal token', bytes: (withInternal - hot) / count },
  { what: '+ one exchanged token', bytes: (withExchange - withInternal) / count },
  { what: 'all of it', bytes: (withExchange - empty) / count },
]
if (values.json) {
  console.log(JSON.stringify({ sessions: count, rows }, null, 2))
} else {
  console.log(`| ${count} sessions | bytes each | MiB for 100,000 |\n|---|---|---|`)
  for (const { what, bytes } of rows) {
    console.log(`| ${what} | ${bytes.toFixed(0)} | ${((bytes * 100_000) / 2 ** 20).toFixed(0)} |`)
  }
}
await signingKeys.close()
await store.close()
rmSync(folder, { recursive: true })
