// The calls that are answered, as one table.
import type { Caller } from './access.ts'
import type { RealmState } from './realm-state.ts'
import type { Reply } from './reply.ts'

export interface Asked {
  readonly realm: RealmState
  readonly caller: Caller
  /** The parts of the path that vary, decoded, in their order. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
  /** Of the call itself, for what is made below it. */
  readonly url: string
}

export type Answering = (asked: Asked) => Reply

/** Such as `GET clients/*`, below the realm. */
export type Routes = Readonly<Record<string, Answering>>

export interface Found {
  readonly answer: Answering
  readonly parts: readonly string[]
}

export function findRoute(routes: Routes, method: string, path: string): Found | undefined {
  for (const [route, answer] of Object.entries(routes)) {
    const parts = matchRoute(route, `${method} ${path}`)
    if (parts !== undefined) return { answer, parts }
  }
  return undefined
}

function matchRoute(route: string, asked: string): readonly string[] | undefined {
  const [pattern, actual] = [route.split('/'), asked.split('/')]
  if (pattern.length !== actual.length) return undefined
  const parts: string[] = []
  for (const [index, segment] of pattern.entries()) {
    const given = actual[index] ?? ''
    if (segment === '*') parts.push(decodeURIComponent(given))
    else if (segment !== given) return undefined
  }
  return parts
}
