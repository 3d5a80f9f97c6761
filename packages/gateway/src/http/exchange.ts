import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Peer } from './client-address.ts'
import type { GatewayRequest } from './request.ts'
import type { UpgradeRequest } from './upgrade.ts'

/** One request and its answer, as the parts that stream bodies hold them. */
export interface Exchange {
  readonly request: GatewayRequest
  readonly peer: Peer
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Null for an ordinary request. */
  readonly upgrade: UpgradeRequest | null
}
