// The session's public handle in the address a login leads to, for front ends that wait for one. It opens nothing.
import { addParameter, type Frontends } from '../http/return-to.ts'
import type { LiveSession } from '../session/live-session.ts'

export interface SidOptions {
  readonly appendsSid: boolean
  readonly frontends: Frontends
}

export function withSid(returnTo: string, { session }: LiveSession, { appendsSid, frontends }: SidOptions): string {
  return appendsSid ? addParameter(returnTo, 'sid', session.handle, frontends) : returnTo
}
