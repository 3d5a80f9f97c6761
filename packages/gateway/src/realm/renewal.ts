// Keeps a realm's metadata fresh in the background, and finds out once whether the realm accepts our client.
import type { Events } from '../kernel/events.ts'
import type { Clock } from '../kernel/time.ts'
import type { Discovery } from './discovery.ts'
import type { RealmMetadata } from './metadata.ts'
import type { ProbeResult } from './probe.ts'
import type { RealmReadiness } from './relying-party.ts'

export interface RenewalOptions {
  readonly realm: string
  readonly idTokenAlgorithms: readonly string[]
  /** Wait after the first failure; doubles with each further one. */
  readonly retryMinSeconds: number
  readonly retryMaxSeconds: number
  readonly events: Events
  readonly clock: Clock
}

export interface Renewal {
  readiness(): RealmReadiness
  start(): void
  /** Waits for the round in progress. */
  stop(): Promise<void>
}

/** What deserves a word although logins work, or will fail for it. */
function listOddities(metadata: RealmMetadata, idTokenAlgorithms: readonly string[]): readonly string[] {
  const { announcesS256, idTokenAlgorithms: announced } = metadata
  const signsOtherwise = announced.length > 0 && !announced.some((name) => idTokenAlgorithms.includes(name))
  return [
    ...(announcesS256 ? [] : ['the realm does not announce PKCE with S256; it is sent all the same']),
    ...(signsOtherwise ? [`the realm signs ID tokens by ${announced.join(', ')}, none of which is configured`] : []),
  ]
}

function jittered(seconds: number): number {
  return seconds * (0.8 + Math.random() * 0.2)
}

export function createRenewal(
  options: RenewalOptions,
  discovery: Discovery,
  probe: (metadata: RealmMetadata) => Promise<ProbeResult>,
  checkIntrospection: () => Promise<string | null>,
): Renewal {
  const { realm, events, clock } = options
  let failures = 0
  let client: ProbeResult | null = null
  let timer: NodeJS.Timeout | null = null
  let round: Promise<void> = Promise.resolve()
  let isStopped = false

  function warn(warning: string): void {
    events.emit({ kind: 'realm.warned', realm, warning })
  }

  async function checkClient(metadata: RealmMetadata): Promise<boolean> {
    if (client === null) listOddities(metadata, options.idTokenAlgorithms).map(warn)
    const before = client
    client = await probe(metadata)
    const isNews = before?.kind !== 'refused' || client.kind !== 'refused' || before.because !== client.because
    if (client.kind === 'refused' && isNews) warn(client.because)
    if (client.kind !== 'accepted') return false
    const doubt = await checkIntrospection()
    if (doubt !== null) warn(doubt)
    return true
  }

  async function isAllWell(): Promise<boolean> {
    const isFound = await discovery.attempt()
    const metadata = discovery.known()
    // Once accepted the client is not asked about again: a realm in trouble must not take a working gateway down.
    if (!isFound || metadata === null || client?.kind === 'accepted') return isFound
    return checkClient(metadata)
  }

  async function runRound(): Promise<void> {
    const isWell = await isAllWell()
    failures = isWell ? 0 : failures + 1
    if (isStopped) return
    const backoff = Math.min(options.retryMinSeconds * 2 ** (failures - 1), options.retryMaxSeconds)
    const seconds = isWell ? discovery.expiresAt() - clock() : backoff
    timer = setTimeout(begin, jittered(seconds) * 1000).unref()
  }

  function begin(): void {
    round = runRound()
  }

  function readiness(): RealmReadiness {
    if (discovery.known() === null) return { kind: 'unready', because: discovery.failure() ?? 'not asked yet' }
    if (client === null) return { kind: 'unready', because: 'the client is being checked' }
    return client.kind === 'refused' ? { kind: 'unready', because: client.because } : { kind: 'ready' }
  }

  return {
    readiness,
    start: begin,
    async stop() {
      isStopped = true
      if (timer !== null) clearTimeout(timer)
      await round
    },
  }
}
