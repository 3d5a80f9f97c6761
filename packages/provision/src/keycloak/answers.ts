// What the admin interface answers, taken as it is or refused: a proxy's page must not pass for an empty realm.
import { ProvisionError } from '../errors.ts'
import type { Representation } from './realm-admin.ts'

export function readObject(answer: unknown): Representation {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw strangeAnswer()
  return answer as Representation
}

export function readList(answer: unknown): readonly Representation[] {
  if (!Array.isArray(answer)) throw strangeAnswer()
  return answer.map(readObject)
}

export function readText(answer: Representation, field: string): string {
  const value = answer[field]
  if (typeof value !== 'string') throw strangeAnswer()
  return value
}

function strangeAnswer(): ProvisionError {
  return new ProvisionError('ERR_ADMIN_REFUSED', 'What answers is no admin interface of Keycloak', { reason: 'answer' })
}

/** As the library's types want it. */
export function payload<Payload extends object>(representation: Representation): Payload {
  const copy: object = { ...representation }
  return copy as Payload
}
