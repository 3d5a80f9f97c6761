// What a cluster's answers mean to a person. Foreign errors end here: they quote what was sent and received.
import { ApiException } from '@kubernetes/client-node'
import { ProvisionError } from '../errors.ts'
import { passingFailure } from './repeat.ts'
import type { ClusterRight } from './rights.ts'

export interface ClusterCall {
  /** Such as `write Secret mlflow-oidc in ml`. */
  readonly what: string
  /** What the server may ask for; of one object. */
  readonly rights: readonly ClusterRight[]
  /** What must not get into an error, should somebody's admission webhook quote it. */
  readonly secrets: readonly string[]
}

const ALLOW_REMEDY = 'print what is needed with `doorman rbac`, and let a cluster administrator apply it'
const MAX_TEXT_LENGTH = 300

/** `lacking` are the rights that the server says we do not have. */
export function clusterError(error: unknown, call: ClusterCall, server: string, lacking: readonly ClusterRight[]) {
  const failure = passingFailure(error)
  if (failure !== undefined) {
    const { because, ...facts } = failure
    const text = `The cluster at ${server} cannot be reached (${call.what})`
    return new ProvisionError('ERR_CLUSTER_UNREACHABLE', text, { server, reason: because, ...factsOf(facts) })
  }
  if (!(error instanceof ApiException)) return error
  if (error.code === 401) return unauthorized(server, call)
  return lacking.length > 0 ? forbidden(call, lacking) : refused(error, call)
}

function factsOf({ code, status }: { readonly code?: string; readonly status?: number }) {
  return { ...(code === undefined ? {} : { code }), ...(status === undefined ? {} : { status }) }
}

function unauthorized(server: string, { what }: ClusterCall): ProvisionError {
  const text = `The cluster at ${server} does not take the credential (${what})`
  const remedy = 'log in to the cluster again; in a pod, look at its service account'
  return new ProvisionError('ERR_CLUSTER_FORBIDDEN', text, { server, reason: 'credential', remedy })
}

function forbidden({ what }: ClusterCall, lacking: readonly ClusterRight[]): ProvisionError {
  const [{ resource = '', namespace = '', name = '' } = {}] = lacking
  const verbs = lacking.map(({ verb }) => verb)
  const text = `May not ${what}: the right to ${verbs.join(' and ')} ${resource} is missing`
  const detail = { verbs, resource, namespace, name, remedy: ALLOW_REMEDY }
  return new ProvisionError('ERR_CLUSTER_FORBIDDEN', text, detail)
}

function refused({ code, body }: ApiException<unknown>, { what, secrets }: ClusterCall): ProvisionError {
  const { reason, message } = statusOf(body)
  const said = message === undefined ? '' : `: ${redact(message, secrets)}`
  const text = `The cluster refused to ${what} with ${code}${said}`
  return new ProvisionError('ERR_DELIVERY_FAILED', text, { status: code, ...(reason === undefined ? {} : { reason }) })
}

export function statusReason(error: unknown): string | undefined {
  return error instanceof ApiException ? statusOf(error.body).reason : undefined
}

/** The fields that the server did not take. */
export function invalidFields(error: unknown): readonly string[] {
  if (!(error instanceof ApiException) || error.code !== 422) return []
  const { details } = (parse(error.body) ?? {}) as { readonly details?: { readonly causes?: readonly unknown[] } }
  return (details?.causes ?? []).map((cause) => String((cause as { readonly field?: unknown }).field))
}

/** The server's `Status`; the client hands it on as text. */
function statusOf(body: unknown): { readonly reason?: string; readonly message?: string } {
  const status = parse(body)
  if (typeof status !== 'object' || status === null) return {}
  const { reason, message } = status as Readonly<Record<string, unknown>>
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message: message.replace(/\p{Cc}/gu, ' ') } : {}),
  }
}

function parse(body: unknown): unknown {
  if (typeof body !== 'string') return body
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function redact(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret !== '').toSorted((one, other) => other.length - one.length)
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '***'), text).slice(0, MAX_TEXT_LENGTH)
}
