// Headers decided before it is known who answers: an endpoint of ours, an upstream and an error carry them alike.
import type { ServerResponse } from 'node:http'
import type { Reply } from './reply.ts'

type Headers = Reply['headers']

// Beside the response and not in it: a header set there makes node merge every answer's headers the slow way.
const decided = new WeakMap<ServerResponse, Headers>()

/** Before the answer begins. Several decisions about one answer add up. */
export function decideHeaders(response: ServerResponse, headers: Headers): void {
  const before = decided.get(response)
  decided.set(response, before === undefined ? headers : [...before, ...headers])
}

/**
 * Completes names, lower case, and values in turn, as `writeHead` takes them, in place. What was decided replaces what
 * is there, except `vary`, to which it is added.
 */
export function completeHeaders(response: ServerResponse, headers: string[]): string[] {
  for (const [name, value] of decided.get(response) ?? []) {
    if (name === 'vary') addVary(headers, value)
    else replace(headers, name, value)
  }
  return headers
}

function replace(headers: string[], name: string, value: string): void {
  for (let at = headers.length - 2; at >= 0; at -= 2) if (headers[at] === name) headers.splice(at, 2)
  headers.push(name, value)
}

/** RFC 9110 section 12.5.5: several fields are one list, and `*` says it all. */
function addVary(headers: string[], value: string): void {
  let last = -1
  const known = new Set<string>()
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] !== 'vary') continue
    last = at + 1
    for (const field of listOf(headers[last] ?? '')) known.add(field.toLowerCase())
  }
  const missing = listOf(value).filter((field) => !known.has(field.toLowerCase()))
  if (missing.length === 0 || known.has('*')) return
  if (last === -1) headers.push('vary', missing.join(', '))
  else headers[last] = [...listOf(headers[last] ?? ''), ...missing].join(', ')
}

function listOf(value: string): readonly string[] {
  return value
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '')
}
