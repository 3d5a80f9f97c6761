// From node's message to the request everything else sees: one host, one canonical path, one client address, or a
// refusal. Nothing behind this file looks at the raw target or at Host again.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '../kernel/errors.ts'
import { parseTarget } from './canonical-path.ts'
import { createClientAddresses, type Peer } from './client-address.ts'
import type { GatewayRequest } from './request.ts'

export interface RequestReaderOptions {
  readonly publicUrl: URL
  /** Addresses and CIDR blocks that may speak for a client. */
  readonly trustedProxies: readonly string[]
}

export type ReadResult =
  | { readonly kind: 'request'; readonly request: GatewayRequest; readonly peer: Peer }
  /** Another loopback name of the same gateway: cookies know no aliases, so the browser moves to the one name. */
  | { readonly kind: 'redirect'; readonly requestId: string; readonly method: string; readonly location: string }
  | {
      readonly kind: 'refused'
      readonly requestId: string
      readonly method: string
      readonly code: ErrorCode
      readonly because: string
    }

export type RequestReader = (message: IncomingMessage) => ReadResult

const LOOPBACK_ALIASES = ['localhost', '127.0.0.1', '[::1]']

export function createRequestReader(options: RequestReaderOptions): RequestReader {
  const { publicUrl } = options
  const addresses = createClientAddresses(options.trustedProxies)
  const judgeHost = createHostJudge(publicUrl)
  const createId = createRequestIds()

  return (message) => {
    const peer = addresses.peerOf(message.socket)
    const headers = message.headers
    const method = message.method ?? ''
    const sentId = peer.isTrusted ? headers['x-request-id'] : undefined
    const id = isRequestId(sentId) ? sentId : createId()
    const refuse = (code: ErrorCode, because: string): ReadResult => {
      return { kind: 'refused', requestId: id, method, code, because }
    }

    if (countHosts(message.rawHeaders) !== 1) return refuse('ERR_REQUEST_MALFORMED', 'not exactly one Host')
    const coding = headers['transfer-encoding']
    // Codings other than chunked would be lost on the way: the header is hop-by-hop, the coded body is not.
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') return refuse('ERR_REQUEST_MALFORMED', 'coding')
    const target = parseTarget(message.url ?? '')
    if (target.kind === 'refused') return refuse('ERR_REQUEST_MALFORMED', target.because)
    const host = judgeHost(headers.host ?? '')
    if (host === 'alias' && (method === 'GET' || method === 'HEAD')) {
      return { kind: 'redirect', requestId: id, method, location: publicUrl.origin + target.path + target.search }
    }
    if (host !== 'ours') return refuse('ERR_REQUEST_UNTRUSTED_HOST', 'host')

    const clientAddress = peer.isTrusted
      ? addresses.clientOf(peer, joined(headers['x-forwarded-for']), headers.forwarded)
      : peer.address
    return {
      kind: 'request',
      request: { id, method, path: target.path, search: target.search, headers, clientAddress },
      peer,
    }
  }
}

function createHostJudge(publicUrl: URL): (host: string) => 'ours' | 'alias' | 'foreign' {
  const defaultPort = publicUrl.protocol === 'https:' ? '443' : '80'
  const ownHost = publicUrl.host
  const own = hostForms(publicUrl.hostname, publicUrl.port, defaultPort)
  const isLoopback = LOOPBACK_ALIASES.includes(publicUrl.hostname)
  const aliases = isLoopback ? LOOPBACK_ALIASES.flatMap((alias) => hostForms(alias, publicUrl.port, defaultPort)) : []
  return (host) => {
    if (host === ownHost) return 'ours'
    const name = host.toLowerCase()
    if (own.includes(name)) return 'ours'
    return aliases.includes(name) ? 'alias' : 'foreign'
  }
}

/** The ways to write one host: the port of the scheme may be left out (RFC 9110 section 4.2.3). */
function hostForms(hostname: string, port: string, defaultPort: string): readonly string[] {
  return port === '' ? [hostname, `${hostname}:${defaultPort}`] : [`${hostname}:${port}`]
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name !== undefined && name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}

/** Unique, cheap and no secret: a random word of this process and a count. */
function createRequestIds(): () => string {
  const prefix = randomBytes(9).toString('base64url')
  let count = 0
  return () => {
    count += 1
    return `${prefix}-${count.toString(36)}`
  }
}

const REQUEST_ID_MAX_LENGTH = 128

function isRequestId(value: string | string[] | undefined): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > REQUEST_ID_MAX_LENGTH) return false
  return /^[\w.:+/=-]+$/.test(value)
}

function joined(value: string | string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(',') : value
}
