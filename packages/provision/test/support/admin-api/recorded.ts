// What a real Keycloak has answered: the ground that our small one stands on.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Answers } from '../admin-exchanges/exchange.ts'

const FILE = new URL('../admin-answers.json', import.meta.url)

export const ANSWERS = JSON.parse(readFileSync(FILE, 'utf8')) as Answers

/** The body of an answer, with these names in place of placeholders, and new ids. */
export function recorded<Body>(group: string, exchange: string, names: Readonly<Record<string, string>> = {}): Body {
  const answer = ANSWERS[group]?.[exchange]
  if (typeof answer !== 'object') throw new Error(`No answer is recorded for ${exchange} of ${group}`)
  const text = JSON.stringify(answer.body).replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    // Keycloak has braces of its own, such as those of ${authBaseUrl}.
    if (name === 'id') return randomUUID()
    return names[name] ?? placeholder
  })
  return JSON.parse(text) as Body
}
