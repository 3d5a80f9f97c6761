import type { GatewayRequest } from '../http/request.ts'

export interface OperatorRequest extends Pick<GatewayRequest, 'method' | 'path' | 'headers' | 'clientAddress'> {
  readonly query: URLSearchParams
  /** Undefined when it is too long or does not come in time. */
  readonly readBody: () => Promise<string | undefined>
}
