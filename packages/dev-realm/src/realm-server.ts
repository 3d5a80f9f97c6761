// One request to the realm: understood, recorded, met by the faults that were asked for, answered.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, jsonAnswer } from './answer.ts'
import type { CallRecorder } from './calls.ts'
import { findEndpoint, isMethodAllowed } from './endpoints.ts'
import type { Fault, FaultMoment, FaultPlan, RealmEndpoint } from './faults.ts'
import { readForm } from './request-form.ts'

export interface RealmRequest {
  readonly endpoint: RealmEndpoint
  /** What follows `/realms/NAME`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly form: URLSearchParams
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** Null when the answer has been written already. */
export type RealmHandler = (request: RealmRequest) => Promise<Answer | null>

export interface RealmServerParts {
  readonly realmPath: string
  readonly calls: CallRecorder
  readonly faults: FaultPlan
  readonly handle: RealmHandler
}

export function createRequestListener(parts: RealmServerParts) {
  return (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    answerRequest(parts, incoming, outgoing).catch((error: unknown) => {
      if (outgoing.destroyed || incoming.destroyed) return
      process.emitWarning(error instanceof Error ? error : String(error))
      if (outgoing.headersSent) outgoing.destroy()
      else writeAnswer(outgoing, jsonAnswer(500, { error: 'unknown_error' }))
    })
  }
}

async function answerRequest(
  parts: RealmServerParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const rawPath = (incoming.url ?? '').replace(/\?.*$/s, '')
  const pathProblem = findPathProblem(rawPath)
  if (pathProblem !== null) return writeAnswer(outgoing, jsonAnswer(400, { error: pathProblem }))
  if (rawPath !== parts.realmPath && !rawPath.startsWith(`${parts.realmPath}/`))
    return writeAnswer(outgoing, jsonAnswer(404, { error: 'Realm does not exist' }))
  const form = await readForm(incoming)
  if (form === null) return writeAnswer(outgoing, jsonAnswer(413, { error: 'HTTP 413 Request Entity Too Large' }))
  const path = rawPath.slice(parts.realmPath.length)
  const query = new URL(incoming.url ?? '', 'http://realm.invalid').searchParams
  await answerRecorded(parts, { endpoint: findEndpoint(path), path, query, form, incoming, outgoing })
}

/** Keycloak 26.5 and later refuse what proxies read differently. */
function findPathProblem(path: string): string | null {
  if (path.includes('//') || path.split('/').some((part) => part === '.' || part === '..'))
    return 'missingNormalization'
  return path.includes(';') ? 'invalidCharacter' : null
}

async function answerRecorded(parts: RealmServerParts, request: RealmRequest): Promise<void> {
  const { endpoint, incoming, outgoing, query, form } = request
  const finish = parts.calls.record({
    endpoint,
    method: incoming.method ?? '',
    parameters: new URLSearchParams([...query, ...form]),
    origin: incoming.headers.origin ?? null,
  })
  outgoing.on('finish', () => finish({ kind: 'answered', status: outgoing.statusCode }))
  outgoing.on('close', () => finish({ kind: 'cut' }))
  const over = new Promise((resolve) => outgoing.once('close', resolve))
  const faults = parts.faults.takeFaults(endpoint, { form, port: incoming.socket.remotePort ?? 0, over })
  await parts.faults.passGate(endpoint, 'before')
  if (await isSpoiled(outgoing, faults, 'before')) return
  const answer = isMethodAllowed(endpoint, incoming.method ?? '') ? await parts.handle(request) : methodNotAllowed()
  await parts.faults.passGate(endpoint, 'after')
  if (await isSpoiled(outgoing, faults, 'after')) return
  if (answer === null) return
  if (faults.some((fault) => fault.kind === 'cut' && fault.moment === 'within')) writeHalf(outgoing, answer)
  else writeAnswer(outgoing, answer)
}

/** True when a fault has answered, or cut the connection. */
async function isSpoiled(outgoing: ServerResponse, faults: readonly Fault[], moment: FaultMoment): Promise<boolean> {
  for (const fault of faults) if (await meetsFault(outgoing, fault, moment)) return true
  return false
}

async function meetsFault(outgoing: ServerResponse, fault: Fault, moment: FaultMoment): Promise<boolean> {
  if (fault.kind === 'delay') {
    if (moment === 'before') await sleep(fault.milliseconds)
    return false
  }
  if (fault.moment !== moment) return false
  if (fault.kind === 'wait') {
    await fault.until
    return false
  }
  if (fault.kind === 'cut') outgoing.destroy()
  else writeAnswer(outgoing, fault.answer)
  return true
}

function methodNotAllowed(): Answer {
  return jsonAnswer(405, { error: 'HTTP 405 Method Not Allowed' })
}

function writeAnswer(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  if (outgoing.destroyed) return
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : body)
}

function writeHalf(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const bytes = Buffer.from(body)
  outgoing.writeHead(status, { ...headers, 'content-length': bytes.length })
  outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy())
}
