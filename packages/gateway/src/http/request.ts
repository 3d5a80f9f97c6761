// What the gateway knows of a request once it has been read. Own endpoints see nothing else, so that they run on any
// server that can fill this in.

export interface GatewayRequest {
  /** The request's id, ours or a trusted peer's; in every log line and problem document. */
  readonly id: string
  readonly method: string
  /** The one canonical path, still percent-encoded; begins with exactly one `/`. */
  readonly path: string
  /** The raw query with its `?`, or the empty string. */
  readonly search: string
  /** Lower-case names, as Node's `IncomingMessage.headers`. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The client's IP address, through trusted proxies only. */
  readonly clientAddress: string
}

/** The header's value; undefined when it is absent or was sent more than once in a way that cannot be joined. */
export function header(request: Pick<GatewayRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
