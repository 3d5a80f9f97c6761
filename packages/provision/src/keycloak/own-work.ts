// Whether something that is there already is what a creation without an answer has made.
import { readText } from './answers.ts'
import type { Representation } from './realm-admin.ts'

const MARK_PREFIX = 'doorman.'

/** It bears all marks that were sent; without any nobody can tell, and it is taken for somebody else's. */
export function bearsOurMark(sent: Representation, found: Representation | undefined): found is Representation {
  const marks = Object.entries(attributesOf(sent)).filter(([name]) => name.startsWith(MARK_PREFIX))
  if (found === undefined || marks.length === 0) return false
  const attributes = attributesOf(found)
  return marks.every(([name, value]) => same(attributes[name], value))
}

/** Each of these fields is there as it was sent; Keycloak may have added to them. */
export function holdsWhatWasSent(sent: Representation, found: Representation | undefined): boolean {
  if (found === undefined) return false
  const { config: sentConfig = {}, ...sentFields } = sent
  const { config: foundConfig = {}, ...foundFields } = found
  return contains(foundFields, sentFields) && contains(foundConfig, sentConfig)
}

export function idOf(found: Representation): { readonly answer: string } {
  return { answer: readText(found, 'id') }
}

function attributesOf({ attributes }: Representation): Readonly<Record<string, unknown>> {
  return typeof attributes === 'object' && attributes !== null ? { ...attributes } : {}
}

function contains(found: unknown, sent: unknown): boolean {
  const all = found as Readonly<Record<string, unknown>>
  // Secrets come back as stars.
  return Object.entries(sent as object).every(([name, value]) => name === 'clientSecret' || same(all[name], value))
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
