// What the log says of each event. No I/O and no clock. Access lines are made in access-line.ts.
import { ERRORS } from '../kernel/errors.ts'
import type { GatewayEvent } from '../kernel/events.ts'
import { describeCauses, describeDetail } from './error-chain.ts'
import { redact } from './redact.ts'

/** The least level that is written; audit lines are written at every level. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  /** `audit` lines are written whatever the level. */
  readonly level: LogLevel | 'audit'
  readonly fields: Readonly<Record<string, unknown>>
}

type LoggedEvent = Exclude<GatewayEvent, { readonly kind: 'request.answered' }>

export function buildLogLine(event: LoggedEvent): LogLine {
  switch (event.kind) {
    case 'request.failed':
      return requestFailed(event)
    case 'upgrade.closed':
      return line('info', event.kind, {
        request_id: event.requestId,
        protocol: event.protocol,
        by: event.by,
        duration_ms: milliseconds(event.seconds),
      })
    case 'login.started':
      return line('debug', event.kind, { request_id: event.requestId, realm: event.realm })
    case 'login.finished':
      return line('audit', event.kind, { request_id: event.requestId, ...whose(event) })
    case 'login.refused':
      return line('audit', event.kind, {
        request_id: event.requestId,
        realm: event.realm,
        code: event.code,
        reason: redact(event.reason),
      })
    case 'logout.finished':
      return line('audit', event.kind, {
        request_id: event.requestId,
        ...whose(event),
        realm_session: event.realmSession,
      })
    case 'session.ended':
      return line('audit', event.kind, { ...whose(event), by: event.by, because: redact(event.because) })
    case 'session.end-delayed':
      return line('audit', event.kind, { ...whose(event), by: event.by })
    case 'session.lost':
      return line('audit', event.kind, { ...whose(event), because: redact(event.because) })
    case 'back-channel.received':
      return line('audit', event.kind, {
        request_id: event.requestId,
        realm: event.realm,
        outcome: event.outcome,
        sessions: event.sessions,
        because: event.because === null ? null : redact(event.because),
      })
    case 'realm-session.pending':
    case 'realm-session.ended':
      return line('audit', event.kind, { realm: event.realm, session: event.session })
    case 'store.lost':
      return line('error', event.kind, {})
    case 'store.found':
      return line('info', event.kind, {})
    case 'realm.breaker':
      return line(event.state === 'open' ? 'error' : 'info', event.kind, { realm: event.realm, state: event.state })
    case 'tokens.refreshed':
      return tokensRefreshed(event)
    case 'credential.obtained':
      return credentialObtained(event)
    case 'token.served':
      return line('audit', event.kind, {
        request_id: event.requestId,
        service: event.service,
        called_service: event.calledService,
        ...whose(event),
      })
    case 'token.refused':
      return line('audit', event.kind, {
        request_id: event.requestId,
        realm: event.realm,
        called_service: event.calledService,
        service: event.service,
        error: event.error,
        because: redact(event.because),
      })
    case 'realm.called':
      return line(event.outcome === 'failed' ? 'warn' : 'debug', event.kind, {
        realm: event.realm,
        endpoint: event.endpoint,
        outcome: event.outcome,
        duration_ms: milliseconds(event.seconds),
      })
    case 'store.called':
      return line('debug', event.kind, {
        operation: event.operation,
        outcome: event.outcome,
        duration_ms: milliseconds(event.seconds),
      })
    case 'store.failed':
      return line('error', event.kind, { operation: event.operation, causes: describeCauses(event.cause, false) })
    case 'signing-key.changed':
      return line('audit', event.kind, { kid: event.kid, algorithm: event.algorithm })
    case 'operator.explained':
      return line('audit', event.kind, {
        client_address: event.clientAddress,
        method: event.method,
        route: event.route,
        caller: event.caller,
        session: event.session,
        shows_claims: event.showsClaims,
      })
    case 'realm.warned':
      return line('warn', event.kind, { realm: event.realm, warning: redact(event.warning) })
    case 'gateway.warned':
      return line('warn', event.kind, { warning: redact(event.warning) })
  }
}

export function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3
}

function line(level: LogLine['level'], event: GatewayEvent['kind'], fields: LogLine['fields']): LogLine {
  return { level, fields: { event, ...fields } }
}

function whose(event: { readonly realm: string; readonly subject: string; readonly session: string }) {
  return { realm: event.realm, subject: event.subject, session: event.session }
}

function requestFailed(event: Extract<GatewayEvent, { readonly kind: 'request.failed' }>): LogLine {
  return line(ERRORS[event.code].level, event.kind, {
    request_id: event.requestId,
    code: event.code,
    detail: describeDetail(event.detail),
    causes: describeCauses(event.cause, event.code === 'ERR_INTERNAL'),
  })
}

const REFRESH_LEVELS = {
  success: 'debug',
  discarded: 'info',
  rejected: 'info',
  unavailable: 'warn',
  foreign: 'warn',
} as const

function tokensRefreshed(event: Extract<GatewayEvent, { readonly kind: 'tokens.refreshed' }>): LogLine {
  return line(REFRESH_LEVELS[event.outcome], event.kind, {
    realm: event.realm,
    session: event.session,
    outcome: event.outcome,
    duration_ms: milliseconds(event.seconds),
    ...(event.because === undefined ? {} : { because: redact(event.because) }),
  })
}

function credentialObtained(event: Extract<GatewayEvent, { readonly kind: 'credential.obtained' }>): LogLine {
  return line(event.code === undefined ? 'debug' : ERRORS[event.code].level, event.kind, {
    credential: event.credential,
    realm: event.realm,
    session: event.session,
    outcome: event.outcome,
    duration_ms: milliseconds(event.seconds),
    ...(event.code === undefined ? {} : { code: event.code }),
    ...(event.because === undefined ? {} : { because: redact(event.because) }),
  })
}
