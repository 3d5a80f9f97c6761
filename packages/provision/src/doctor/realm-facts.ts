// What is asked of a realm, each at most once, by whichever check needs it first.
import { isProvisionError, type ProvisionError } from '../errors.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import { type Answer, ask } from './call.ts'
import type { DoctorRealm, DoctorTools } from './ground.ts'
import type { Redaction } from './redaction.ts'

export interface RealmFacts {
  readonly realm: DoctorRealm
  readonly tools: DoctorTools
  readonly redaction: Redaction
  /** Where it is reached from here. */
  readonly url: URL
  discover(): Promise<Timed>
  /** What the token endpoint says to nobody who wants nothing. */
  knock(): Promise<Answer>
  /** The admin interface, tried. */
  access(): Promise<Access>
}

/** An answer, and the seconds since 1970 before and after it by our clock. */
export interface Timed {
  readonly answer: Answer
  readonly sentAt: number
  readonly receivedAt: number
}

export type Access =
  | { readonly kind: 'open'; readonly admin: RealmAdmin }
  /** No credential, or one that may not see clients. */
  | { readonly kind: 'closed'; readonly because: string }
  | { readonly kind: 'failed'; readonly error: ProvisionError }

export function createRealmFacts(realm: DoctorRealm, tools: DoctorTools, redaction: Redaction): RealmFacts {
  const { address, timeoutSeconds } = realm
  const headers = { accept: 'application/json' }
  return {
    realm,
    tools,
    redaction,
    url: new URL(address),
    discover: once(() => timed(tools, () => ask({ url: discoveryUrl(address), headers, timeoutSeconds }))),
    knock: once(() =>
      ask({ url: tokenUrl(realm), method: 'POST', headers, form: new URLSearchParams(), timeoutSeconds }),
    ),
    access: once(() => tryAdmin(tools.openAdmin(realm.name), realm.name)),
  }
}

export function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let pending: Promise<Value> | undefined
  return () => {
    pending ??= work()
    return pending
  }
}

export async function timed({ nowSeconds }: DoctorTools, work: () => Promise<Answer>): Promise<Timed> {
  const sentAt = nowSeconds()
  return { sentAt, answer: await work(), receivedAt: nowSeconds() }
}

export function discoveryUrl(address: string): string {
  return `${address}/.well-known/openid-configuration`
}

export function tokenUrl({ address }: DoctorRealm): string {
  return `${address}/protocol/openid-connect/token`
}

async function tryAdmin(admin: RealmAdmin | null, name: string): Promise<Access> {
  if (admin === null) return { kind: 'closed', because: `provision.realms.${name} has no credential` }
  try {
    // Every realm has it; without view-clients Keycloak shows none.
    const account = await admin.clients.find('account')
    return account === undefined ? blind('view-clients') : { kind: 'open', admin }
  } catch (error) {
    if (isProvisionError(error, 'ERR_ADMIN_FORBIDDEN')) return blind(String(error.detail.lacks))
    if (isProvisionError(error)) return { kind: 'failed', error }
    throw error
  }
}

function blind(role: string): Access {
  return { kind: 'closed', because: `the credential lacks the role ${role}` }
}
