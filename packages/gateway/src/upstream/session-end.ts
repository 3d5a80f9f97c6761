// What is open on behalf of a session ends with it.
import type { SessionEnd } from '../kernel/events.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionWatches } from '../session/session-watch.ts'
import type { LastWord } from './tunnel.ts'

export type WatchSession = SessionWatches['watch']

/** Of the range for private use (RFC 6455 section 7.4.2); reads like 401. */
const SESSION_ENDED = 4401

/** `ended` may be told more than once. Returns the function that ends the watch. */
export function watchEnd(
  watch: WatchSession,
  live: LiveSession,
  usesTokens: boolean,
  ended: (by: SessionEnd | null) => void,
): () => void {
  return watch(live, {
    usesTokens,
    onEnded: ended,
    onChanged: ({ session }) => {
      // Nothing goes on under tokens that the realm has refused to renew, though a silent login may heal the session.
      if (session.lost !== null) ended('realm')
    },
  })
}

export function sayEnded(by: SessionEnd | null): LastWord {
  return { by: 'session', code: SESSION_ENDED, reason: by === null ? 'session ended' : `session ended: ${by}` }
}
