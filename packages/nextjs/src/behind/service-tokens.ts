// Tokens for services, kept for as long as they live and asked for once however many wait. They are found by the internal
// token of the request they are for: without one that still counts, nothing here can be had.
import { createHash } from 'node:crypto'

export type ServiceToken =
  | { readonly kind: 'obtained'; readonly token: string; readonly lifeSeconds: number }
  | { readonly kind: 'refused'; readonly response: Response }

/** Rejects never: what fails is an answer. */
export type AskForToken = (subjectToken: string, service: string) => Promise<ServiceToken>

interface Entry {
  readonly answer: Promise<ServiceToken>
  /** Milliseconds of `performance.now()`; infinite until it is known. */
  usableUntil: number
}

/** Asked for anew so long before its end, because it has a way to go yet. */
const MARGIN_SECONDS = 5

export function createServiceTokens(
  ask: AskForToken,
  { maxTokens, now }: { readonly maxTokens: number; readonly now: () => number },
): AskForToken {
  const entries = new Map<string, Entry>()

  function begin(key: string, subjectToken: string, service: string): Entry {
    const answer = ask(subjectToken, service)
    const entry: Entry = { answer, usableUntil: Number.POSITIVE_INFINITY }
    entries.set(key, entry)
    answer.then((token) => {
      if (token.kind === 'obtained') entry.usableUntil = now() + (token.lifeSeconds - MARGIN_SECONDS) * 1000
      // What was refused is asked for again by whoever comes next.
      else if (entries.get(key) === entry) entries.delete(key)
    })
    return entry
  }

  return async (subjectToken, service) => {
    const key = `${service} ${createHash('sha256').update(subjectToken).digest('base64url')}`
    const known = entries.get(key)
    const entry = known !== undefined && now() < known.usableUntil ? known : begin(key, subjectToken, service)
    entries.delete(key)
    entries.set(key, entry)
    const oldest = entries.size > maxTokens ? entries.keys().next().value : undefined
    if (oldest !== undefined) entries.delete(oldest)
    const token = await entry.answer
    return token.kind === 'refused' ? { kind: 'refused', response: token.response.clone() } : token
  }
}
