// `POST /auth/token/services/NAME`: what a service is sent on behalf of the person this application was called for.
import { buildProblem, type ProblemCode } from '../problem.ts'
import type { CallGateway } from './call-gateway.ts'
import type { AskForToken, ServiceToken } from './service-tokens.ts'

export interface AskOptions {
  readonly callGateway: CallGateway
  /** Where people log in. */
  readonly gateway: string
  readonly audience: string
  readonly secret: string
}

interface TokenDocument {
  readonly access_token: string
  readonly expires_in: number
}

export function createAskForToken({ callGateway, gateway, audience, secret }: AskOptions): AskForToken {
  // RFC 6749 section 2.3.1: each is form-encoded first.
  const credentials = Buffer.from(`${formEncode(audience)}:${formEncode(secret)}`).toString('base64')
  return async (subjectToken, service) => {
    try {
      const response = await callGateway(`/auth/token/services/${encodeURIComponent(service)}`, {
        method: 'POST',
        headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: String(new URLSearchParams({ subject_token: subjectToken })),
      })
      return await readAnswer(response, service, gateway)
    } catch {
      return refuse('temporarily_unavailable', gateway)
    }
  }
}

async function readAnswer(response: Response, service: string, gateway: string): Promise<ServiceToken> {
  const document: unknown = await response.json()
  if (response.status === 200 && isTokenDocument(document)) {
    return { kind: 'obtained', token: document.access_token, lifeSeconds: document.expires_in }
  }
  const error = typeof document === 'object' && document !== null && 'error' in document ? document.error : undefined
  const code = codeOf(response.status, error)
  // Nothing a person does changes it: whoever runs the application has to know.
  if (code === 'credential_unavailable') {
    console.error(`doorman: the gateway gives no credential of service ${service} (${response.status} ${error})`)
  }
  return refuse(code, gateway)
}

function codeOf(status: number, error: unknown): ProblemCode {
  if (error === 'invalid_grant') return 'login_required'
  if (error === 'access_denied' || error === 'interaction_required') return 'forbidden'
  return status === 429 || status >= 503 ? 'temporarily_unavailable' : 'credential_unavailable'
}

function isTokenDocument(value: unknown): value is TokenDocument {
  if (typeof value !== 'object' || value === null) return false
  if (!('access_token' in value) || !('expires_in' in value)) return false
  return typeof value.access_token === 'string' && typeof value.expires_in === 'number'
}

function refuse(code: ProblemCode, gateway: string): ServiceToken {
  return { kind: 'refused', response: buildProblem(code, gateway) }
}

function formEncode(text: string): string {
  return String(new URLSearchParams({ '': text })).slice(1)
}
