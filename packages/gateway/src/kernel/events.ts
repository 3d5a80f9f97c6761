// What happened, told to whoever listens: logs, audit and metrics subscribe, nobody is called by name.
import type { ErrorCode, ErrorDetail } from './errors.ts'

/** Who or what ended a session. */
export type SessionEnd =
  /** Their logout in this browser. */
  | 'user'
  /** They themselves, from another of their sessions. */
  | 'user-elsewhere'
  /** The same person has logged in anew in this browser. */
  | 'new-login'
  /** Somebody else has logged in in this browser. */
  | 'other-login'
  /** A new session took the place of one whose tokens were lost. */
  | 'healed'
  /** The realm refused to renew its tokens. */
  | 'realm'
  /** The realm said so by itself (OpenID Connect Back-Channel Logout 1.0). */
  | 'back-channel'
  | 'idle'
  | 'absolute'
  /** One session too many of the same person. */
  | 'max-per-user'
  | 'administrator'

export type RealmEndpoint =
  | 'discovery'
  | 'jwks'
  | 'authorization'
  | 'token'
  | 'logout'
  | 'revocation'
  | 'introspection'
  | 'public'

/** Never holds a token, cookie, code, state, verifier or secret. */
export type GatewayEvent =
  | {
      readonly kind: 'request.answered'
      readonly requestId: string
      readonly method: string
      /** The route's path pattern or the endpoint's name; never the path that was asked for. */
      readonly route: string
      readonly status: number
      readonly seconds: number
      readonly clientAddress: string
    }
  | {
      readonly kind: 'request.failed'
      readonly requestId: string
      readonly code: ErrorCode
      readonly detail: ErrorDetail
      readonly cause?: unknown
    }
  /** An upgraded connection, such as a WebSocket, is over; its request was answered when it began. */
  | {
      readonly kind: 'upgrade.closed'
      readonly requestId: string
      readonly protocol: string
      /** Who hung up first, or why the gateway did. */
      readonly by: 'browser' | 'upstream' | 'idle' | 'session' | 'gateway'
      readonly seconds: number
    }
  | { readonly kind: 'login.started'; readonly requestId: string; readonly realm: string }
  | {
      readonly kind: 'login.finished'
      readonly requestId: string
      readonly realm: string
      readonly subject: string
      readonly session: string
    }
  | {
      readonly kind: 'login.refused'
      readonly requestId: string
      readonly realm: string
      readonly code: ErrorCode
      readonly reason: string
    }
  | {
      readonly kind: 'session.ended'
      readonly realm: string
      readonly subject: string
      /** The session's public handle. */
      readonly session: string
      readonly by: SessionEnd
      readonly because: string
    }
  /** It has ended for this process while the store was out of reach; for others when the store is back. */
  | {
      readonly kind: 'session.end-delayed'
      readonly realm: string
      readonly subject: string
      readonly session: string
      readonly by: SessionEnd
    }
  /** Its tokens were refused, and may be replaced by a silent login. */
  | {
      readonly kind: 'session.lost'
      readonly realm: string
      readonly subject: string
      readonly session: string
      readonly because: string
    }
  /** A realm's word that sessions have ended (OpenID Connect Back-Channel Logout 1.0). */
  | {
      readonly kind: 'back-channel.received'
      readonly requestId: string
      /** Null where no realm of ours has said it. */
      readonly realm: string | null
      readonly outcome: 'accepted' | 'refused'
      /** How many of our sessions it has ended. */
      readonly sessions: number
      /** Null when it was accepted. */
      readonly because: string | null
    }
  /** An end at the realm that could not be had at once: it is tried again, or has succeeded at last. */
  | {
      readonly kind: 'realm-session.pending' | 'realm-session.ended'
      readonly realm: string
      readonly session: string
    }
  | {
      readonly kind: 'tokens.refreshed'
      readonly realm: string
      readonly session: string
      readonly outcome: 'success' | 'rejected' | 'unavailable' | 'foreign' | 'discarded'
      readonly seconds: number
      readonly because?: string
    }
  | {
      readonly kind: 'credential.obtained'
      readonly credential: 'exchange' | 'serviceAccount' | 'realm'
      /** The realm that was asked. */
      readonly realm: string
      /** Null for a token that is nobody's, and for a bearer. */
      readonly session: string | null
      readonly outcome: 'success' | 'refused'
      readonly seconds: number
      /** Absent on success. */
      readonly code?: ErrorCode
      readonly because?: string
    }
  | {
      readonly kind: 'token.served'
      readonly requestId: string
      /** The second realm whose token it is; for a service's credential that of the person. */
      readonly realm: string
      /** The service whose credential it is; null for a second realm's token. */
      readonly calledService: string | null
      /** Null for the person's own page. */
      readonly service: string | null
      readonly subject: string
      readonly session: string
    }
  | {
      readonly kind: 'token.refused'
      readonly requestId: string
      /** Null where a service's credential was asked for. */
      readonly realm: string | null
      /** The service whose credential was asked for; null for a second realm's token. */
      readonly calledService: string | null
      /** Null when it did not prove which one it is. */
      readonly service: string | null
      /** The OAuth error code it was told. */
      readonly error: string
      readonly because: string
    }
  | {
      readonly kind: 'logout.finished'
      readonly requestId: string
      readonly realm: string
      readonly subject: string
      readonly session: string
      readonly realmSession: 'ended' | 'unknown'
    }
  | {
      readonly kind: 'realm.called'
      readonly realm: string
      readonly endpoint: RealmEndpoint
      readonly outcome: 'success' | 'refused' | 'failed'
      readonly seconds: number
    }
  | { readonly kind: 'realm.warned'; readonly realm: string; readonly warning: string }
  | {
      readonly kind: 'store.called'
      readonly operation: string
      readonly outcome: 'success' | 'failed'
      readonly seconds: number
    }
  | { readonly kind: 'store.failed'; readonly operation: string; readonly cause: unknown }
  | { readonly kind: 'store.lost' | 'store.found' }
  /** The breaker before a realm: open while it is in trouble, so that it is asked rarely. */
  | { readonly kind: 'realm.breaker'; readonly realm: string; readonly state: 'closed' | 'open' | 'half-open' }
  /** Internal tokens are signed by this key from now on. */
  | { readonly kind: 'signing-key.changed'; readonly kid: string; readonly algorithm: string }
  /** Somebody with the operator's token asked what would become of a request. */
  | {
      readonly kind: 'operator.explained'
      readonly clientAddress: string
      readonly method: string
      /** The route's path pattern, or what the path is instead; never the path that was asked about. */
      readonly route: string
      readonly caller: 'nobody' | 'claims' | 'session'
      /** The session's public handle; null where none was asked about. */
      readonly session: string | null
      /** The answer held values of claims. */
      readonly showsClaims: boolean
    }
  | { readonly kind: 'gateway.warned'; readonly warning: string }

/** Must not throw: it is called in the middle of what it is told about. */
export type EventListener = (event: GatewayEvent) => void

export interface Events {
  emit(event: GatewayEvent): void
  /** Returns the function that ends the subscription. */
  subscribe(listener: EventListener): () => void
}

export function createEvents(): Events {
  let listeners: readonly EventListener[] = []
  return {
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    subscribe(listener) {
      listeners = [...listeners, listener]
      return () => {
        listeners = listeners.filter((other) => other !== listener)
      }
    },
  }
}
