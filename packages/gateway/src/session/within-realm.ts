import type { SessionLifecycle, SessionLookup } from './lifecycle.ts'

const FOREIGN: SessionLookup = { kind: 'none', because: 'unknown' }

/**
 * The sessions of one login realm. Another realm's session counts as none, whatever cookie brought its id: each realm
 * has its own front ends, and none of them may see whom another one has logged in.
 */
export function withinRealm(sessions: SessionLifecycle, realm: string): SessionLifecycle {
  const keep = (lookup: SessionLookup) =>
    lookup.kind !== 'none' && lookup.live.session.realm !== realm ? FOREIGN : lookup
  return {
    ...sessions,
    find(sessionId) {
      const lookup = sessions.find(sessionId)
      return 'kind' in lookup ? keep(lookup) : lookup.then(keep)
    },
    findHeld(sessionId) {
      const live = sessions.findHeld(sessionId)
      return live?.session.realm === realm ? live : undefined
    },
  }
}
