// Whether Keycloak takes a secret, by a harmless call of the consumer's own kind.
import { setTimeout as wait } from 'node:timers/promises'
import { ProvisionError } from '../errors.ts'
import { keycloakText } from '../keycloak/admin-errors.ts'

export interface SecretTrial {
  /** Where we reach Keycloak, without `/realms/…`. */
  readonly adminUrl: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** It asks for a token by client credentials; otherwise for an introspection, which any confidential client may. */
  readonly hasServiceAccount: boolean
}

export type SecretStanding =
  | { readonly kind: 'works' }
  /** `said` are Keycloak's own words, such as `Invalid client or Invalid client credentials`. */
  | { readonly kind: 'refused'; readonly status: number; readonly said: string }

const TIMEOUT_MILLISECONDS = 10_000

/**
 * Rejects with `ERR_ADMIN_UNREACHABLE` when Keycloak does not answer, or answers with 5xx or 429.
 * @see RFC 6749 section 4.4, RFC 7662 section 2.1
 */
export async function trySecret(trial: SecretTrial): Promise<SecretStanding> {
  const { status, body } = await send(trial)
  if (status === 200) return { kind: 'works' }
  if (status === 429 || status >= 500) throw unreachable(trial, `answers ${status}`)
  return { kind: 'refused', status, said: keycloakText(body, [trial.clientSecret]) ?? `status ${status}` }
}

async function send(trial: SecretTrial): Promise<{ readonly status: number; readonly body: unknown }> {
  const { adminUrl, issuer, clientId, clientSecret, hasServiceAccount } = trial
  const realm = issuer.slice(issuer.lastIndexOf('/realms/'))
  const endpoint = `${adminUrl.replace(/\/+$/, '')}${realm}/protocol/openid-connect/token`
  const credential = { client_id: clientId, client_secret: clientSecret }
  try {
    const response = await fetch(hasServiceAccount ? endpoint : `${endpoint}/introspect`, {
      method: 'POST',
      body: new URLSearchParams({
        ...credential,
        ...(hasServiceAccount ? { grant_type: 'client_credentials' } : { token: 'none' }),
      }),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    })
    return { status: response.status, body: parse(await response.text()) }
  } catch (error) {
    throw unreachable(trial, causeOf(error))
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The cause of a failed fetch names the address; the error itself is dropped, since it may hold what was sent. */
function causeOf(error: unknown): string {
  if (error instanceof DOMException) return 'does not answer in time'
  const cause = error instanceof Error ? error.cause : undefined
  return `cannot be reached: ${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'}`
}

function unreachable({ adminUrl, clientId }: SecretTrial, how: string): ProvisionError {
  const what = `try the secret of ${clientId}`
  return new ProvisionError('ERR_ADMIN_UNREACHABLE', `Keycloak at ${adminUrl} ${how} (${what})`, {
    url: adminUrl,
    what,
  })
}

const ATTEMPTS = 20
const PAUSE_MILLISECONDS = 250

/** Other nodes of Keycloak may hear of a new secret a moment later. The last refusal; undefined: it works. */
export async function waitForSecret(trial: SecretTrial): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const standing = await trySecret(trial)
    if (standing.kind === 'works') return undefined
    if (attempt === ATTEMPTS) return standing.said
    await wait(PAUSE_MILLISECONDS)
  }
}
