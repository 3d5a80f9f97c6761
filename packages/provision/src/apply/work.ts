// What every step of an application has at hand.
import { isProvisionError, ProvisionError } from '../errors.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import type { Directory } from './directory.ts'

export interface Work {
  readonly admin: RealmAdmin
  readonly wanted: WantedRealm
  readonly owner: string
  readonly directory: Directory
  readonly secretOf: SecretOf
}

/** The secret of a client of another realm of the file, by the realm's local name. */
export type SecretOf = (source: { readonly realm: string; readonly clientId: string }) => Promise<string>

/** Somebody made it since the realm was looked at. */
export function isConflict(error: unknown): boolean {
  return hasStatus(error, 409)
}

/** Somebody deleted it since the realm was looked at. */
export function isGone(error: unknown): boolean {
  return hasStatus(error, 404)
}

function hasStatus(error: unknown, status: number): boolean {
  return isProvisionError(error, 'ERR_ADMIN_REFUSED') && error.detail.status === status
}

export function outdated(what: string): ProvisionError {
  return new ProvisionError('ERR_PLAN_OUTDATED', `${what} is not in the realm any more`, { what })
}

/** The wanted thing that a change is about. Throws `ERR_PLAN_OUTDATED` for a plan of another file. */
export function requireWanted<Thing>(thing: Thing | undefined, name: string): Thing {
  if (thing !== undefined) return thing
  throw new ProvisionError('ERR_PLAN_OUTDATED', `The plan changes ${name}, which the file does not name`, { name })
}
