// The realm's metadata, kept as long as it is fresh and beyond that while the realm is away. Timers are the caller's.

import { GatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import { parseJsonObject } from './json.ts'
import { buildDiscoveryUrl, type MetadataOptions, parseMetadata, type RealmMetadata } from './metadata.ts'
import { becauseOf } from './realm-error.ts'
import type { RealmAnswer, RealmFetch } from './realm-fetch.ts'

export interface DiscoveryOptions extends MetadataOptions {
  readonly realm: string
  /** How long metadata counts as fresh. */
  readonly metadataSeconds: number
  /** The least time between two attempts that people's logins cause. */
  readonly retryMinSeconds: number
  /** Called each time a development realm has been refused. */
  readonly onDevRealmRefused: () => void
  readonly events: Events
  readonly clock: Clock
}

export interface Discovery {
  /** At once when the realm was ever reached; otherwise tries now. Throws `ERR_REALM_UNREACHABLE`. */
  current(): Promise<RealmMetadata>
  /** Asks the realm, once for all who wait. Never rejects; false when it failed. */
  attempt(): Promise<boolean>
  known(): RealmMetadata | null
  /** Why the newest attempt failed; null when it did not. */
  failure(): string | null
  expiresAt(): EpochSeconds
}

function explainAnswer({ status, location }: RealmAnswer, url: URL): string {
  if (location !== null && status < 400)
    return `${url.href} redirects elsewhere (${status}): configure the final address`
  if (status === 404) return `there is no such realm at ${url.origin} (404 for ${url.pathname})`
  if (status === 503) return `the realm at ${url.origin} is still starting or is overloaded (503)`
  return `${url.href} answered ${status} instead of the realm's metadata`
}

function parseAnswer(answer: RealmAnswer, options: MetadataOptions, url: URL): RealmMetadata {
  if (answer.status !== 200) {
    const detail = { endpoint: 'discovery', status: answer.status, because: explainAnswer(answer, url) }
    throw new GatewayError('ERR_REALM_UNREACHABLE', detail)
  }
  const document = parseJsonObject(answer.text)
  if (document === null) {
    throw new GatewayError('ERR_REALM_METADATA_INVALID', { because: `${url.href} is no realm: its answer is no JSON` })
  }
  return parseMetadata(document, options)
}

export function createDiscovery(options: DiscoveryOptions, fetch: RealmFetch): Discovery {
  const { realm, clock, events } = options
  let known: RealmMetadata | null = null
  let expiresAt: EpochSeconds = 0
  let failure: GatewayError | null = null
  let failedAt: EpochSeconds = Number.NEGATIVE_INFINITY
  let inFlight: Promise<boolean> | null = null

  function noteFailure(error: GatewayError): void {
    const isNews = failure === null || becauseOf(failure) !== becauseOf(error)
    failure = error
    failedAt = clock()
    if (isNews) events.emit({ kind: 'realm.warned', realm, warning: becauseOf(error) })
    if (error.detail.reason === 'development_realm') options.onDevRealmRefused()
  }

  async function ask(): Promise<boolean> {
    const url = buildDiscoveryUrl(options)
    try {
      const headers = { accept: 'application/json' }
      known = parseAnswer(await fetch.call('discovery', url, { method: 'GET', headers, body: null }), options, url)
      expiresAt = clock() + options.metadataSeconds
      failure = null
      return true
    } catch (error) {
      noteFailure(error instanceof GatewayError ? error : new GatewayError('ERR_REALM_METADATA_INVALID', {}, error))
      return false
    }
  }

  function attempt(): Promise<boolean> {
    inFlight ??= ask().finally(() => {
      inFlight = null
    })
    return inFlight
  }

  return {
    async current() {
      if (known !== null) return known
      if (clock() >= failedAt + options.retryMinSeconds) await attempt()
      if (known !== null) return known
      const because = failure === null ? 'the realm has not been asked yet' : becauseOf(failure)
      throw new GatewayError('ERR_REALM_UNREACHABLE', { endpoint: 'discovery', because }, failure ?? undefined)
    },
    attempt,
    known: () => known,
    failure: () => (failure === null ? null : becauseOf(failure)),
    expiresAt: () => expiresAt,
  }
}
