// What makes a GET of the logout endpoint trustworthy: only a page that could read `/auth/user` knows it, and it ends
// this one session alone.
import type { Mac } from '../kernel/mac.ts'
import type { LiveSession } from './live-session.ts'

export function buildLogoutProof(mac: Mac, live: Pick<LiveSession, 'key'>): string {
  return mac.sign(live.key)
}

export function isLogoutProof(mac: Mac, live: Pick<LiveSession, 'key'>, proof: string): boolean {
  return mac.verify(live.key, proof)
}
