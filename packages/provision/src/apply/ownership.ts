// Whose a client or a scope is at the moment of writing: between the plan and now somebody may have made or marked it.
import { ProvisionError } from '../errors.ts'
import type { Representation } from '../keycloak/realm-admin.ts'
import type { Json } from '../wanted/wanted.ts'
import { OWNER_ATTRIBUTE } from '../wanted/wanted.ts'

/** Throws `ERR_CLIENT_FOREIGN`. Something unmarked may be taken over when the file says so, never another owner's. */
export function requireOurs(thing: Representation, name: string, owner: string, adopt: boolean): void {
  const marked = ownerOf(thing)
  if (marked === owner || (marked === undefined && adopt)) return
  const whose = marked === undefined ? 'was not made by this file' : `belongs to ${marked}`
  throw new ProvisionError('ERR_CLIENT_FOREIGN', `${name} ${whose}`, {
    name,
    ...(marked === undefined ? {} : { marked }),
  })
}

export function ownerOf({ attributes }: Representation): string | undefined {
  const owner = toObject(attributes)[OWNER_ATTRIBUTE]
  return typeof owner === 'string' && owner !== '' ? owner : undefined
}

export function toObject(value: Json | undefined): Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : {}
}
