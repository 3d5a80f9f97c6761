// POST /explain: what would become of a request, asked of a running gateway. What tokens say is shown only to whoever
// asks for it by name, and every question is audited.
import { z } from 'zod'
import { buildJson, type Reply } from '../http/reply.ts'
import { header } from '../http/request.ts'
import type { Events } from '../kernel/events.ts'
import type { OperatorRequest } from './operator-request.ts'

/** Who would make the request. */
export type AskedCaller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'claims'; readonly claims: Readonly<Record<string, unknown>>; readonly via: 'session' | 'bearer' }
  /** By its public handle. */
  | { readonly kind: 'session'; readonly handle: string }

export interface AskedRequest {
  readonly method: string
  readonly path: string
  readonly caller: AskedCaller
  /** `X-Tenant`; null for none. */
  readonly tenant: string | null
  readonly showsClaims: boolean
}

export type Explained =
  /** `route`: the pattern that owns the path, or what else it is; never the path. */
  { readonly kind: 'explained'; readonly explanation: object; readonly route: string } | { readonly kind: 'no-session' }

export interface ExplainOptions {
  readonly explain: (asked: AskedRequest) => Promise<Explained>
  readonly events: Events
}

const claims = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

const question = z
  .strictObject({
    method: z.string().max(64),
    path: z.string(),
    claims: claims.optional(),
    session: z.string().max(64).optional(),
    via: z.enum(['session', 'bearer']).default('session'),
    tenant: z.string().nullable().default(null),
    showClaims: z.boolean().default(false),
  })
  .refine(({ claims, session }) => claims === undefined || session === undefined)

/** 400 for a question that makes no sense, 404 for a session that there is not. */
export async function answerExplain(request: OperatorRequest, { explain, events }: ExplainOptions): Promise<Reply> {
  const asked = parseQuestion(header(request, 'content-type'), await request.readBody())
  if (asked === null) return buildJson(400, { code: 'bad_request' })
  const explained = await explain(asked)
  const { caller, showsClaims } = asked
  events.emit({
    kind: 'operator.explained',
    clientAddress: request.clientAddress,
    method: asked.method,
    route: explained.kind === 'explained' ? explained.route : explained.kind,
    caller: caller.kind,
    session: caller.kind === 'session' ? caller.handle : null,
    showsClaims,
  })
  if (explained.kind === 'no-session') return buildJson(404, { code: 'not_found' })
  return buildJson(200, explained.explanation)
}

function parseQuestion(contentType: string | undefined, body: string | undefined): AskedRequest | null {
  if (body === undefined || !/^application\/json(?:;|$)/i.test(contentType ?? '')) return null
  const { success, data } = question.safeParse(parseJson(body))
  if (!success) return null
  const { method, path, tenant, showClaims: showsClaims } = data
  return { method, path, tenant, showsClaims, caller: callerOf(data) }
}

function callerOf({ claims, session, via }: z.output<typeof question>): AskedCaller {
  if (session !== undefined) return { kind: 'session', handle: session }
  return claims === undefined ? { kind: 'nobody' } : { kind: 'claims', claims, via }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
