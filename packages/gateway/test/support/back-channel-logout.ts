// The development realm tells the gateways by back channel that sessions have ended.
import type { DevRealm } from '@doorman/dev-realm'
import { askGateway, type GatewayAnswer } from './flow.ts'
import { setClient } from './pair-stage.ts'
import { CLIENT_ID, type Stage } from './stage.ts'

export type TellsSid = 'with sid' | 'without sid'

/** From now on; of several gateways each call goes to the next one. */
export function tellGateways({ realm, publicUrl }: Pick<Stage, 'realm' | 'publicUrl'>, tells: TellsSid): void {
  setClient(realm, CLIENT_ID, {
    backchannelLogoutUri: `${publicUrl}/auth/backchannel-logout`,
    backchannelLogoutSessionRequired: tells === 'with sid',
  })
}

export function sidOf(realm: DevRealm, username: string): string {
  const session = realm.sessions().find((one) => one.username === username)
  if (session === undefined) throw new TypeError(`${username} has no session`)
  return session.sid
}

export const FORM = 'application/x-www-form-urlencoded'

export function postLogout(
  stage: Stage,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<GatewayAnswer> {
  return askGateway(stage, '/auth/backchannel-logout', {
    method: 'POST',
    headers: { 'content-type': FORM, ...headers },
    body: Buffer.from(body),
  })
}
