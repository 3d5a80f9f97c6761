// One browser on the walk through the demo, and how what crossed each wire is shown.
import type { Browser, BrowserAnswer, BrowserRequest } from '@doorman/dev-realm/browser'

export interface Visit {
  readonly browser: Browser
  readonly url: (path: string) => string
  readonly print: (line: string) => void
  /** Notes whether something is as it should be. */
  readonly check: (isGood: boolean, what: string) => void
}

/** What a page's own code asks for, shown. */
export async function fetchShown(visit: Visit, path: string, request: BrowserRequest = {}): Promise<BrowserAnswer> {
  const answer = await visit.browser.fetch(visit.url(path), request)
  visit.print(wire('page    → doorman', answer))
  return answer
}

export function whoAnswers(visit: Visit, answer: BrowserAnswer): string {
  return answer.url.startsWith(visit.url('/')) ? 'doorman' : 'realm'
}

export const WAY_WIDTH = 'browser → doorman'.length

// The query of a URL may hold a code or a state: only its path is shown.
export function wire(way: string, answer: BrowserAnswer): string {
  const location = answer.headers.get('location')
  const target =
    location === null ? '' : ` → ${new URL(location, answer.url).origin}${new URL(location, answer.url).pathname}`
  const cookies = answer.cookiesSet.length === 0 ? '' : ` (cookies set or cleared: ${answer.cookiesSet.join(', ')})`
  return `   ${way.padEnd(WAY_WIDTH)}   ${answer.method} ${new URL(answer.url).pathname}: ${answer.status}${target}${cookies}`
}

/** The body as an object; an empty one where it is none. */
export function parse({ body }: Pick<BrowserAnswer, 'body'>): Readonly<Record<string, unknown>> {
  return asObject(JSON.parse(body))
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
