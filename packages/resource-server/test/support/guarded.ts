// A guard before which a gateway and a realm stand, each with one key.
import type { TestContext } from 'node:test'
import { createGuard, type Guard, type GuardOptions } from '../../src/index.ts'
import { type IssuerServer, startIssuer } from './issuer-server.ts'
import { AUDIENCE, createSigner, internalClaims, NOW, realmClaims, type Signer } from './signer.ts'

export interface Clock {
  now: number
}

export interface Guarded {
  readonly guard: Guard
  readonly clock: Clock
  readonly gateway: IssuerServer & { readonly key: Signer }
  readonly realm: IssuerServer & { readonly key: Signer }
  /** As the gateway mints it. */
  internalToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** As Keycloak issues it. */
  realmToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** Another guard before the same issuers. */
  createGuard(options: Partial<GuardOptions>): Guard
}

async function startWithKey(context: TestContext, kid: string, alg: string) {
  const key = await createSigner(kid, alg)
  const server = await startIssuer(context)
  server.publish(key.jwk)
  return { ...server, key }
}

export async function startGuarded(context: TestContext, options: Partial<GuardOptions> = {}): Promise<Guarded> {
  const clock = { now: NOW }
  const gateway = await startWithKey(context, 'gateway-1', 'ES256')
  const realm = await startWithKey(context, 'realm-1', 'RS256')
  const base: GuardOptions = {
    audience: AUDIENCE,
    gateway: { issuer: gateway.issuer, jwksUrl: gateway.jwksUrl },
    issuer: { issuer: realm.issuer, jwksUrl: realm.jwksUrl },
    now: () => clock.now,
  }
  return {
    guard: createGuard({ ...base, ...options }),
    clock,
    gateway,
    realm,
    internalToken: (claims, header) => gateway.key.sign(internalClaims(gateway.issuer, claims), header),
    realmToken: (claims, header) => realm.key.sign(realmClaims(realm.issuer, claims), { typ: 'JWT', ...header }),
    createGuard: (more) => createGuard({ ...base, ...more }),
  }
}
