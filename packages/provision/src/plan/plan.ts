// What would have to be done, as data that can be shown, stored and carried out. Never holds a secret.
import type { Json } from '../wanted/wanted.ts'

export interface Plan {
  readonly format: 1
  readonly owner: string
  readonly realms: readonly RealmPlan[]
}

export interface RealmPlan {
  /** The local name in the file. */
  readonly name: string
  readonly issuer: string
  /** Salted, over everything of the realm that the plan looked at: `apply plan.json` refuses another one. */
  readonly fingerprint: string
  readonly changes: readonly Change[]
  /** Clients and scopes of that name that are not ours and may not be adopted: nothing is changed in them. */
  readonly foreign: readonly Foreign[]
  /** Parts that the credential cannot see: nothing is said about them. */
  readonly unseen: readonly Unseen[]
}

export interface Foreign {
  readonly kind: 'client' | 'client scope'
  /** The client's id, or the scope's name. */
  readonly clientId: string
  readonly because: string
}

export interface Unseen {
  /** Such as `realm roles` or `service account of mlflow`. */
  readonly part: string
  /** The role that is missing, such as `view-realm`. */
  readonly lacks: string
}

/** In the order in which they can be made. */
export const CHANGE_KINDS = [
  'realm role',
  'client scope',
  'client',
  'client role',
  'service account',
  'identity provider',
  'rotation policy',
] as const

export type ChangeKind = (typeof CHANGE_KINDS)[number]

export interface Change {
  readonly kind: ChangeKind
  /** The client's id, the scope's name, `CLIENT/ROLE` for a client role. */
  readonly name: string
  /** `delete` only of what we own and the file no longer names; carried out with `--prune` alone. */
  readonly action: 'create' | 'adopt' | 'update' | 'delete'
  /** Field by field. Of a creation and a deletion: what it has. */
  readonly fields: readonly FieldChange[]
  /** Where in the file it is asked for. */
  readonly because: string
}

export interface FieldChange {
  /** Such as `redirectUris`, `attributes.pkce.code.challenge.method`, `mappers.audience of billing`, `defaultScopes`. */
  readonly path: string
  /** Undefined: it is not there. Secrets are neither here nor there: `secret` says `(made)` where one will be. */
  readonly from: Json | undefined
  /** Undefined: it goes. */
  readonly to: Json | undefined
}

export function isInSync({ realms }: Plan): boolean {
  return realms.every(({ changes, foreign }) => changes.length === 0 && foreign.length === 0)
}
