import type { Reply } from '../http/reply.ts'
import { KEY_SET_MAX_AGE_SECONDS } from '../tokens/signing-key-ring.ts'

/** The same for everybody, and held by services and caches no longer than a new key waits before it signs. */
export function buildPublicDocument(document: unknown): Reply {
  return {
    status: 200,
    headers: [
      ['content-type', 'application/json'],
      ['cache-control', `public, max-age=${KEY_SET_MAX_AGE_SECONDS}`],
      ['x-content-type-options', 'nosniff'],
    ],
    body: JSON.stringify(document),
  }
}
