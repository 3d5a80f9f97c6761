// /sessions: an operator lists and ends sessions. Every end is audited as the event of the session; never a token.
import { buildJson, type Reply } from '../http/reply.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { SessionAdministration, SessionSelection, SessionSummary } from '../session/session-administration.ts'
import type { OperatorRequest } from './operator-request.ts'

export interface OperatorSessionsOptions {
  readonly administration: SessionAdministration
}

const PAGE_SESSIONS = 100
const PAGE_MAX_SESSIONS = 1000
const BAD_REQUEST = buildJson(400, { code: 'bad_request' })

/** `?user=` or `?sid=`, or all of them page by page (`?limit=`, `?after=`). 400 for anything else. */
export function listSessions(request: OperatorRequest, { administration }: OperatorSessionsOptions): Promise<Reply> {
  return whileStoreAnswers(async () => {
    const { after = null, limit = String(PAGE_SESSIONS), ...selecting } = Object.fromEntries(request.query)
    const selection = Object.keys(selecting).length === 0 ? ({ kind: 'all' } as const) : parseSelection(selecting)
    const count = /^\d{1,4}$/.test(limit) ? Number(limit) : 0
    if (selection === null || isRepeated(request) || count < 1 || count > PAGE_MAX_SESSIONS) return BAD_REQUEST
    const page = await administration.list(selection, after, count)
    return buildJson(200, { sessions: page.sessions.map(describeSession), next: page.next })
  })
}

/** `?user=`, `?sid=` or `?all=true`, exactly one of them: nobody ends everything by leaving something out. */
export function endSessions(request: OperatorRequest, { administration }: OperatorSessionsOptions): Promise<Reply> {
  return whileStoreAnswers(async () => {
    const selection = parseSelection(Object.fromEntries(request.query))
    if (selection === null || isRepeated(request)) return BAD_REQUEST
    return buildJson(200, { ended: await administration.end(selection) })
  })
}

function isRepeated({ query }: OperatorRequest): boolean {
  return new Set(query.keys()).size !== query.size
}

function parseSelection(parameters: Readonly<Record<string, string>>): SessionSelection | null {
  const [first, ...more] = Object.entries(parameters)
  if (first === undefined || more.length > 0) return null
  const [name, value] = first
  if (name === 'user' && value !== '') return { kind: 'user', user: value }
  if (name === 'sid' && value !== '') return { kind: 'sid', sid: value }
  return name === 'all' && value === 'true' ? { kind: 'all' } : null
}

/** As JSON tells it. Instants in seconds since 1970. */
export interface OperatorSession {
  /** The public handle. */
  readonly sid: string
  readonly realm: string
  readonly sub: string
  readonly user_name: string | null
  readonly state: 'active' | 'lost'
  readonly user_agent: string | null
  readonly address: string | null
  readonly created_at: number
  readonly last_used_at: number
  readonly ends_at: number | null
  readonly absolute_end_at: number
  readonly second_logins: readonly string[]
}

export function describeSession(session: SessionSummary): OperatorSession {
  return {
    sid: session.sid,
    realm: session.realm,
    sub: session.subject,
    user_name: session.userName,
    state: session.state,
    user_agent: session.userAgent,
    address: session.address,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    ends_at: session.endsAt,
    absolute_end_at: session.absoluteEndAt,
    second_logins: session.secondLogins,
  }
}

async function whileStoreAnswers(answer: () => Promise<Reply>): Promise<Reply> {
  try {
    return await answer()
  } catch (error) {
    if (!isGatewayError(error, 'ERR_STORE_UNAVAILABLE')) throw error
    return buildJson(503, { code: 'temporarily_unavailable' }, [['retry-after', '2']])
  }
}
