// A relying party in front of a scripted realm, with a clock the test sets and everything it told.
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { createEvents } from '../../src/kernel/events.ts'
import { createRelyingParty, type RelyingPartyOptions } from '../../src/realm/create-relying-party.ts'
import { buildAccessTokenHash } from '../../src/realm/id-token.ts'
import type { RelyingParty } from '../../src/realm/relying-party.ts'
import {
  makeKey,
  type RealmKey,
  type ScriptedRealm,
  sendJson,
  signToken,
  startScriptedRealm,
} from './scripted-realm.ts'
import { untilTold } from './until-told.ts'

export const NOW = 1_800_000_000
export const REDIRECT_URI = 'https://app.example.com/auth/callback'

export interface RealmHarness {
  readonly realm: ScriptedRealm
  readonly relyingParty: RelyingParty
  readonly key: RealmKey
  readonly clock: { now: number }
  readonly told: readonly GatewayEvent[]
  warnings(): readonly string[]
  /** Resolves when something the relying party did made the condition true. */
  until(condition: () => boolean): Promise<void>
  idToken(claims?: Readonly<Record<string, unknown>>, key?: RealmKey): Promise<string>
  /** The token endpoint answers 200 with these fields over a good answer's. */
  grant(fields?: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

export const ACCESS_TOKEN = `e30.${Buffer.from('{"realm_access":{"roles":["user"]}}').toString('base64url')}.sig`

export function relyingPartyOptions(issuer: string): Omit<RelyingPartyOptions, 'events' | 'clock'> {
  return {
    realm: 'main',
    issuer,
    backchannelUrl: null,
    allowsDevRealm: false,
    onDevRealmRefused() {},
    clientId: 'web-gateway',
    clientAuth: { kind: 'secret', secret: 'canary-secret' },
    redirectUri: REDIRECT_URI,
    isLoginRealm: true,
    scopes: ['openid', 'profile'],
    introspects: false,
    idTokenAlgorithms: ['RS256', 'ES256'],
    timeoutSeconds: 5,
    clockToleranceSeconds: 10,
    metadataSeconds: 600,
    keySetCooldownSeconds: 30,
    retryMinSeconds: 0.02,
    retryMaxSeconds: 0.05,
    ca: [],
    environment: {},
  }
}

export async function startHarness(
  change: (realm: ScriptedRealm) => Partial<RelyingPartyOptions> = () => ({}),
): Promise<RealmHarness> {
  const clock = { now: NOW }
  const key = await makeKey('k1', 'ES256')
  const realm = await startScriptedRealm([key], () => clock.now)
  const events = createEvents()
  const told: GatewayEvent[] = []
  events.subscribe((event) => told.push(event))
  const relyingParty = createRelyingParty({
    ...relyingPartyOptions(realm.issuer),
    events,
    clock: () => clock.now,
    ...change(realm),
  })
  const idToken = (claims: Readonly<Record<string, unknown>> = {}, signer: RealmKey = key) =>
    signToken(signer, {
      iss: realm.issuer,
      sub: 'alice',
      aud: 'web-gateway',
      exp: clock.now + 60,
      iat: clock.now,
      sid: 'the-sid',
      nonce: 'the-nonce',
      at_hash: buildAccessTokenHash(ACCESS_TOKEN, signer.algorithm),
      ...claims,
    })
  return {
    realm,
    relyingParty,
    key,
    clock,
    told,
    warnings: () => told.flatMap((event) => (event.kind === 'realm.warned' ? [event.warning] : [])),
    until: (condition) => untilTold(events, condition),
    idToken,
    async grant(fields = {}) {
      const good = {
        access_token: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: 60,
        refresh_token: 'refresh-2',
        refresh_expires_in: 1800,
        id_token: await idToken(),
      }
      realm.answer('token', (_request, response) => sendJson(response, 200, { ...good, ...fields }))
    },
    async close() {
      await relyingParty.close()
      await realm.close()
    },
  }
}
