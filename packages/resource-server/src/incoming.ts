// The one place in a request where an access token may stand: the `Authorization` header, once.
import type { IncomingMessage } from 'node:http'
import type { Caller } from './caller.ts'
import { createGuard, type Guard } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import { invalidRequest } from './refusals.ts'

export function toGuard(options: GuardOptions | Guard): Guard {
  return 'authenticate' in options ? options : createGuard(options)
}

/** A token in a URL ends up in logs and histories: RFC 6750 section 5.3. */
export function refuseTokenInQuery(url: string): void {
  const query = url.indexOf('?')
  if (query !== -1 && new URLSearchParams(url.slice(query)).has('access_token')) throw invalidRequest('in-query')
}

/** Node keeps the first of several and says nothing. */
function refuseSeveral(rawHeaders: readonly string[]): void {
  const names = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization')
  if (names.length > 1) throw invalidRequest('several')
}

/** Rejects with `BearerError`. */
export async function authenticateIncoming(guard: Guard, request: IncomingMessage): Promise<Caller> {
  refuseTokenInQuery(request.url ?? '')
  refuseSeveral(request.rawHeaders)
  return guard.authenticate(request.headers.authorization)
}
