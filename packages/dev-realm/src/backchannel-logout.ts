// What Keycloak does at the end of a session: it tells each client that has a part in it and an address for that, one
// after the other, waits five seconds at most for each, and ends the session whatever they answer. Until then the session
// is alive, and its tokens can be refreshed.
import { randomUUID } from 'node:crypto'
import type { DevClient } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import type { UserSession } from './sessions.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const WAIT_MILLISECONDS = 5000
const TOKEN_SECONDS = 120

/** Ends at once where no client wants to be told. Never rejects. */
export async function endUserSession(state: RealmState, session: UserSession | undefined): Promise<void> {
  if (session === undefined || session.ended) return
  for (const clientId of session.clients.keys()) {
    const client = state.directory.findClient(clientId)
    const uri = client?.backchannelLogoutUri
    if (client !== undefined && uri !== undefined) await tell(uri, await issueLogoutToken(state, client, session))
  }
  session.ended = true
}

async function tell(uri: string, logoutToken: string): Promise<void> {
  try {
    await fetch(uri, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: logoutToken }),
      redirect: 'manual',
      signal: AbortSignal.timeout(WAIT_MILLISECONDS),
    })
  } catch {
    // Ignored, and not repeated.
  }
}

function issueLogoutToken({ issuer, keys }: RealmState, client: DevClient, session: UserSession): Promise<string> {
  const iat = epochSeconds()
  const claims = {
    iat,
    exp: iat + TOKEN_SECONDS,
    jti: randomUUID(),
    iss: issuer,
    aud: client.clientId,
    sub: session.userId,
    typ: 'Logout',
    ...(client.backchannelLogoutSessionRequired === true ? { sid: session.sid } : {}),
    events: {
      [EVENT]: {},
      ...(client.backchannelLogoutRevokesOffline === true ? { revoke_offline_access: true } : {}),
    },
  }
  return keys.sign(claims, 'logout+jwt')
}
