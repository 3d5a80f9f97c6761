// Where realms say that sessions have ended (OpenID Connect Back-Channel Logout 1.0 section 2.5). Keycloak says it once,
// never again, and waits five seconds at most: everything has been written before we say so, nothing waits for a realm,
// and what the store could not take is done when it is back.
import type { ReadForm } from '../http/read-form.ts'
import { buildJson, buildReply, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { type ErrorCode, type GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import { hashSecret } from '../kernel/secrets.ts'
import { LOGOUT_TOKEN_MAX_AGE_SECONDS, type LogoutToken, peekLogoutToken } from '../realm/logout-token.ts'
import type { RelyingParty } from '../realm/relying-party.ts'
import type { LateEndings } from '../session/late-endings.ts'
import type { Session } from '../session/session.ts'
import { type EndByRealmOptions, endByRealm, endHeldByRealm } from './end-by-realm.ts'

export interface LogoutRealm extends Pick<RelyingParty, 'realm' | 'issuer' | 'verifyLogoutToken'> {
  readonly clientId: string
  /** People log in to it first; sessions at other realms are no sessions of ours. */
  readonly isLoginRealm: boolean
}

export interface BackchannelLogoutOptions extends EndByRealmOptions {
  readonly realms: readonly LogoutRealm[]
  readonly events: Pick<Events, 'emit'>
  /** Takes what could not be done for want of the store. */
  readonly late: Pick<LateEndings, 'add'>
  /** Runs it once, when a realm may be asked for its keys again; not at all where too many wait. It may reject. */
  readonly hearLater: (hear: () => Promise<void>) => void
  /** Revokes a refresh token that outlives the realm's session. Not waited for; must not throw. */
  readonly revoke: (session: Session) => void
}

/** Longer than any token is taken, so that none is taken twice whatever the clocks say. */
const REPLAY_SECONDS = 5 * LOGOUT_TOKEN_MAX_AGE_SECONDS

const KEYS_AWAY: readonly ErrorCode[] = ['ERR_REALM_UNREACHABLE', 'ERR_REALM_TIMEOUT', 'ERR_REALM_METADATA_INVALID']

type Heard =
  | { readonly kind: 'accepted'; readonly realm: string; readonly ended: readonly Session[] }
  | {
      readonly kind: 'refused'
      readonly status: 400 | 413
      /** Null where it is nobody's we know. */
      readonly realm: string | null
      readonly because: string
    }

/**
 * `POST /auth/backchannel-logout`, by nobody but realms. Throws `ERR_STORE_UNAVAILABLE`, and `ERR_REALM_…` when the
 * realm's keys cannot be had: the same token may then come again.
 */
export async function backchannelLogout(
  request: GatewayRequest,
  readForm: ReadForm,
  options: BackchannelLogoutOptions,
): Promise<Reply> {
  const tellHeard = (heard: Heard) => tell(request, heard, options)
  const heard = await hear(readForm, options, (again) => options.hearLater(() => again().then(tellHeard)))
  tellHeard(heard)
  if (heard.kind === 'accepted') return buildReply(200)
  // Section 2.8. What exactly was wrong is for our log.
  return buildJson(heard.status, { error: 'invalid_request', error_description: 'This is no logout token for us.' })
}

function tell(request: GatewayRequest, heard: Heard, { events }: BackchannelLogoutOptions): void {
  events.emit({
    kind: 'back-channel.received',
    requestId: request.id,
    realm: heard.realm,
    outcome: heard.kind,
    sessions: heard.kind === 'accepted' ? heard.ended.length : 0,
    because: heard.kind === 'accepted' ? null : heard.because,
  })
}

async function hear(
  readForm: ReadForm,
  options: BackchannelLogoutOptions,
  hearLater: (again: () => Promise<Heard>) => void,
): Promise<Heard> {
  let realm: string | null = null
  try {
    // Section 2.5: what else the form may hold is ignored.
    const text = (await readForm()).get('logout_token')
    if (text === undefined) return refuse(400, null, 'no logout_token')
    const found = findRealm(text, options)
    if (found === undefined) return refuse(400, null, 'no realm of ours')
    realm = found.realm
    const verifyAndAct = async () => actInTime(found, await found.verifyLogoutToken(text), options)
    return await verifyAndAct().catch((error: unknown) => {
      if (lacksKey(error)) hearLater(verifyAndAct)
      throw error
    })
  } catch (error) {
    if (isGatewayError(error, 'ERR_LOGOUT_TOKEN_INVALID')) return refuse(400, realm, reasonOf(error))
    if (!isGatewayError(error, 'ERR_REQUEST_MALFORMED')) throw error
    const reason = reasonOf(error)
    return refuse(reason === 'size' ? 413 : 400, realm, reason)
  }
}

/**
 * The realm may have changed its keys, and it does not say twice what it has said; anybody who names keys that nobody has
 * could keep us from looking at that moment.
 */
function lacksKey(error: unknown): boolean {
  if (isGatewayError(error, 'ERR_LOGOUT_TOKEN_INVALID')) return error.detail.reason === 'key'
  return isGatewayError(error) && KEYS_AWAY.includes(error.code)
}

/** Nothing is proven by this: the realm it names verifies it, by its own keys alone. */
function findRealm(text: string, { realms }: BackchannelLogoutOptions): LogoutRealm | undefined {
  const peeked = peekLogoutToken(text)
  return realms.find(({ issuer, clientId }) => peeked?.issuer === issuer && peeked.audiences.includes(clientId))
}

async function actInTime(from: LogoutRealm, token: LogoutToken, options: BackchannelLogoutOptions): Promise<Heard> {
  try {
    return await act(from, token, options)
  } catch (error) {
    if (isGatewayError(error, 'ERR_STORE_UNAVAILABLE')) {
      options.late.add(claimName(token), () => act(from, token, options))
      endHeldByRealm(from.realm, token, options)
    }
    throw error
  }
}

function claimName({ issuer, tokenId }: LogoutToken): string {
  return `logout-token:${hashSecret(JSON.stringify([issuer, tokenId]))}`
}

async function act(
  { realm, isLoginRealm }: LogoutRealm,
  token: LogoutToken,
  options: BackchannelLogoutOptions,
): Promise<Heard> {
  const { store } = options
  const name = claimName(token)
  // A token whose processing broke off is still pending, and may come again.
  const claim = await store.claim(name, store.now() + REPLAY_SECONDS)
  if (claim === 'settled') return refuse(400, realm, 'replayed')
  const ended = isLoginRealm ? await endByRealm(realm, token, options) : []
  await store.settleClaim(name)
  if (token.revokesOfflineAccess) for (const session of ended) options.revoke(session)
  return { kind: 'accepted', realm, ended }
}

function refuse(status: 400 | 413, realm: string | null, because: string): Heard {
  return { kind: 'refused', status, realm, because }
}

function reasonOf({ detail, code }: GatewayError): string {
  return String(detail.reason ?? code)
}
