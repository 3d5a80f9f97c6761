// An upstream that agrees to speak another protocol (RFC 9110 section 15.2.2).
import type { Duplex } from 'node:stream'
import { completeHeaders } from '../http/answer-headers.ts'
import type { Exchange } from '../http/exchange.ts'
import { header } from '../http/request.ts'
import { GatewayError } from '../kernel/errors.ts'
import { filterResponseHeaders, type ResponseHeaderRules } from './response-headers.ts'
import { Tunnel, type TunnelEnd } from './tunnel.ts'
import { webSocketAccept } from './websocket-frames.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

export interface UpgradeRules extends ResponseHeaderRules {
  /** In both directions together. */
  readonly idleUpgradeSeconds: number
}

const WEBSOCKET = 'websocket'

/** Passes the agreement on, and connects both sides. Throws `ERR_UPSTREAM_BAD_RESPONSE`; nothing is answered then. */
export function openTunnel(
  exchange: Exchange,
  upstream: Duplex,
  agreement: Headers,
  rules: UpgradeRules,
  closed: (by: TunnelEnd) => void,
): Tunnel {
  const { request, response, upgrade } = exchange
  if (upgrade === null || upgrade.protocol === null) throw new TypeError('nobody asked for another protocol')
  const { protocol } = upgrade
  const isAsked = protocol === String(agreement.upgrade).toLowerCase()
  const isWebSocket = protocol === WEBSOCKET
  // A 101 of something that read no handshake: what follows are no frames.
  const accept = isWebSocket ? webSocketAccept(header(request, 'sec-websocket-key') ?? '') : undefined
  if (!isAsked || (isWebSocket && agreement['sec-websocket-accept'] !== accept)) {
    throw new GatewayError('ERR_UPSTREAM_BAD_RESPONSE', { because: 'switched to what nobody asked for' })
  }
  const headers = filterResponseHeaders(agreement, rules)
  headers.push('connection', 'Upgrade', 'upgrade', protocol)
  const browser = upgrade.accept(completeHeaders(response, headers))
  return new Tunnel({ browser, upstream, isWebSocket, idleSeconds: rules.idleUpgradeSeconds, closed })
}
