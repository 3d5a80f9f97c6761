// Whose a client or a scope is: by the mark in its attributes.
import { OWNER_ATTRIBUTE } from '../wanted/wanted.ts'
import type { Finding } from './findings.ts'

type Attributes = Readonly<Record<string, string>>

export function ownerOf(attributes: Attributes): string | undefined {
  return attributes[OWNER_ATTRIBUTE] || undefined
}

/** What may be done with it; undefined attributes: it is not there. */
export function standingOf(
  attributes: Attributes | undefined,
  owner: string,
  { adopt, because }: { readonly adopt: boolean; readonly because: string },
): Pick<Finding, 'action' | 'because'> {
  if (attributes === undefined) return { action: 'create', because }
  const marked = ownerOf(attributes)
  if (marked === owner) return { action: 'update', because }
  if (marked !== undefined) return { action: 'foreign', because: `it belongs to ${marked}` }
  return adopt ? { action: 'adopt', because } : { action: 'foreign', because: 'it was not made by this file' }
}
