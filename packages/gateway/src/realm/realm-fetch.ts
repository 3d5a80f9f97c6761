// Every call to a realm goes through here: one dispatcher with its trust and proxy, one time limit over the whole
// answer, one size limit. No redirect is followed, nothing is repeated, and no `Origin` is sent (Keycloak refuses
// origins it does not know). undici's `request` rather than its `fetch`, which adds headers of a browser and unpacks.
import { EnvHttpProxyAgent, request } from 'undici'
import type { Events, RealmEndpoint } from '../kernel/events.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import { AnswerTooLargeError, realmError } from './realm-error.ts'
import { CLUSTER_CA_FILE, createTrust } from './trust.ts'

const MAX_ANSWER_BYTES = 1024 * 1024
const NOTICEABLE_SKEW_SECONDS = 30

export interface RealmFetchOptions {
  readonly realm: string
  /** For each call, from connecting to the last byte. */
  readonly timeoutSeconds: number
  /** PEM texts trusted beside Node's own authorities. */
  readonly ca: readonly string[]
  /** `HTTPS_PROXY`, `NO_PROXY` and `NODE_EXTRA_CA_CERTS` are read from it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly events: Events
  readonly clock: Clock
}

export interface RealmRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface RealmAnswer {
  readonly status: number
  /** The media type in lower case, without parameters. */
  readonly mediaType: string
  readonly retryAfter: string | null
  readonly location: string | null
  readonly text: string
  /** By our clock; lifetimes told in the answer count from here. */
  readonly sentAt: EpochSeconds
}

export interface RealmFetch {
  /** Sends once. Throws `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`. */
  call(endpoint: RealmEndpoint, url: URL, request: RealmRequest, signal?: AbortSignal): Promise<RealmAnswer>
  /** Tells when, by the realm's clock, a token was issued that has just come: Keycloak 26 itself sends no `Date`. */
  noteIssuedAt(issuedAt: EpochSeconds): void
  /** The realm's clock minus ours; 0 until known. */
  clockSkewSeconds(): number
  /** Waits for calls in flight. */
  close(): Promise<void>
}

function createDispatcher(options: RealmFetchOptions): EnvHttpProxyAgent {
  const { environment } = options
  const trust = createTrust({
    ca: options.ca,
    extraCaFile: environment.NODE_EXTRA_CA_CERTS,
    clusterCaFile: CLUSTER_CA_FILE,
  })
  const tls = trust === null ? {} : { secureContext: trust }
  return new EnvHttpProxyAgent({
    // Empty, not absent: undici would read the process environment. Plain HTTP to a realm stays inside the cluster.
    httpProxy: '',
    httpsProxy: environment.HTTPS_PROXY ?? environment.https_proxy ?? '',
    noProxy: environment.NO_PROXY ?? environment.no_proxy ?? '',
    allowH2: false,
    connect: { timeout: options.timeoutSeconds * 1000, ...tls },
    requestTls: tls,
    proxyTls: tls,
  })
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new AnswerTooLargeError('answer too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function singleHeader(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}

function callOutcome(status: number): 'success' | 'refused' | 'failed' {
  if (status < 400) return 'success'
  return status < 500 ? 'refused' : 'failed'
}

/** Throws `ERR_CONFIG_INVALID` when a CA bundle is missing or unreadable. */
export function createRealmFetch(options: RealmFetchOptions): RealmFetch {
  const { realm, events, clock } = options
  const dispatcher = createDispatcher(options)
  let skewSeconds = 0
  let hasWarnedOfSkew = false

  function noteTime(told: EpochSeconds, ours: EpochSeconds): void {
    // Realms tell whole seconds, so half a second is the mean error.
    skewSeconds = told + 0.5 - ours
    const isNoticeable = Math.abs(skewSeconds) > NOTICEABLE_SKEW_SECONDS
    if (isNoticeable && !hasWarnedOfSkew) {
      const side = skewSeconds > 0 ? 'ahead of' : 'behind'
      const warning = `the realm's clock is ${Math.round(Math.abs(skewSeconds))} s ${side} ours: set both by NTP, or tokens seem expired or not valid yet`
      events.emit({ kind: 'realm.warned', realm, warning })
    }
    hasWarnedOfSkew = isNoticeable
  }

  async function send(url: URL, init: RealmRequest, signal: AbortSignal | undefined): Promise<RealmAnswer> {
    const sentAt = clock()
    const limit = AbortSignal.timeout(options.timeoutSeconds * 1000)
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      method: init.method,
      headers: { 'user-agent': 'doorman', ...init.headers },
      body: init.body,
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    })
    const date = Date.parse(singleHeader(headers.date) ?? '') / 1000
    if (Number.isFinite(date)) noteTime(date, (sentAt + clock()) / 2)
    return {
      status: statusCode,
      mediaType: (singleHeader(headers['content-type']) ?? '').replace(/;.*/s, '').trim().toLowerCase(),
      retryAfter: singleHeader(headers['retry-after']),
      location: singleHeader(headers.location),
      text: await readText(body),
      sentAt,
    }
  }

  return {
    async call(endpoint, url, init, signal) {
      const startedAt = performance.now()
      let outcome: 'success' | 'refused' | 'failed' = 'failed'
      try {
        const answer = await send(url, init, signal)
        outcome = callOutcome(answer.status)
        return answer
      } catch (cause) {
        throw realmError(cause, endpoint, url)
      } finally {
        events.emit({ kind: 'realm.called', realm, endpoint, outcome, seconds: (performance.now() - startedAt) / 1000 })
      }
    },
    noteIssuedAt: (issuedAt) => noteTime(issuedAt, clock()),
    clockSkewSeconds: () => skewSeconds,
    close: () => dispatcher.close(),
  }
}
