// Calls of this server to the gateway, wherever it reaches it, in the name of the one host the gateway answers for.
import { sendRequest } from './http-client.ts'

export interface GatewayCall {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** Rejects when there is no answer in time. */
export type CallGateway = (path: string, call: GatewayCall) => Promise<Response>

const TIMEOUT_MILLISECONDS = 10_000

export function createCallGateway(gateway: string, internalUrl: string): CallGateway {
  const { host } = new URL(gateway)
  return (path, { method, headers, body }) =>
    sendRequest({
      url: new URL(path, internalUrl),
      method,
      headers: [...Object.entries(headers), ['host', host]],
      body,
      // Keys and tokens: asking twice changes nothing.
      isRepeatable: true,
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    })
}
