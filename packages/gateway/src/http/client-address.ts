// Who is on the other end of the socket, and for whom it may speak. Only addresses the operator listed may name a
// client; what they say is read from the right, because only the right end was written by somebody we trust.
import type { Socket } from 'node:net'
import { BlockList, isIP } from 'node:net'

/** The other end of a socket, worked out once per connection. */
export interface Peer {
  readonly address: string
  /** True when it may speak for a client by `Forwarded`, `X-Forwarded-For` and `X-Request-Id`. */
  readonly isTrusted: boolean
  /** `for=…` with the address as a node identifier (RFC 7239 section 6). */
  readonly forwardedFor: string
}

export interface ClientAddresses {
  peerOf(socket: Socket): Peer
  /** The client's address: the peer's own unless the peer is trusted and named one that can be understood. */
  clientOf(peer: Peer, xForwardedFor: string | undefined, forwarded: string | undefined): string
}

/** `trustedProxies`: addresses and CIDR blocks, already validated. */
export function createClientAddresses(trustedProxies: readonly string[]): ClientAddresses {
  const isTrusted = createTrust(trustedProxies)
  const peers = new WeakMap<Socket, Peer>()

  function rightmostUntrusted(addresses: readonly (string | undefined)[]): string | undefined {
    for (let at = addresses.length - 1; at >= 0; at -= 1) {
      const address = addresses[at]
      if (address === undefined || at === 0 || !isTrusted(address)) return address
    }
    return undefined
  }

  return {
    peerOf(socket) {
      let peer = peers.get(socket)
      if (peer === undefined) {
        const address = plainAddress(socket.remoteAddress ?? '')
        peer = { address, isTrusted: isTrusted(address), forwardedFor: `for=${nodeIdentifier(address)}` }
        peers.set(socket, peer)
      }
      return peer
    },
    clientOf(peer, xForwardedFor, forwarded) {
      if (!peer.isTrusted || (xForwardedFor === undefined && forwarded === undefined)) return peer.address
      const byList = xForwardedFor === undefined ? undefined : rightmostUntrusted(parseAddressList(xForwardedFor))
      const byForwarded = forwarded === undefined ? undefined : rightmostUntrusted(parseForwarded(forwarded))
      if (xForwardedFor === undefined) return byForwarded ?? peer.address
      if (forwarded === undefined) return byList ?? peer.address
      // A proxy that writes one of the two passes the other on as the client forged it: only agreement counts.
      return byList !== undefined && byList === byForwarded ? byList : peer.address
    },
  }
}

function createTrust(blocks: readonly string[]): (address: string) => boolean {
  if (blocks.length === 0) return () => false
  const list = new BlockList()
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (address) => {
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** Addresses of `X-Forwarded-For`, leftmost first; undefined stands for one that is none. */
export function parseAddressList(value: string): readonly (string | undefined)[] {
  return value.split(',').map(parseNode)
}

/** The `for` of each element of `Forwarded` (RFC 7239 section 4); undefined where it is missing or hides itself. */
export function parseForwarded(value: string): readonly (string | undefined)[] {
  const elements = splitOutsideQuotes(value, ',')
  return elements === undefined ? [undefined] : elements.map(forOfElement)
}

function forOfElement(element: string): string | undefined {
  let found: string | undefined
  for (const pair of splitOutsideQuotes(element, ';') ?? []) {
    const [name = '', ...rest] = pair.split('=')
    if (name.trim().toLowerCase() !== 'for') continue
    if (found !== undefined) return undefined
    found = rest.join('=').trim()
  }
  return found === undefined ? undefined : parseNode(unquote(found))
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** Undefined when a quoted string does not end; then nothing about the header is certain. */
function splitOutsideQuotes(value: string, separator: string): readonly string[] | undefined {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < value.length; at += 1) {
    const character = value[at]
    if (isQuoted && character === '\\') at += 1
    else if (character === '"') isQuoted = !isQuoted
    else if (character === separator && !isQuoted) {
      parts.push(value.slice(start, at))
      start = at + 1
    }
  }
  parts.push(value.slice(start))
  return isQuoted ? undefined : parts
}

/** An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
function parseNode(value: string): string | undefined {
  const text = value.trim()
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1]
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? plainAddress(bracketed) : undefined
  if (isIP(text) !== 0) return plainAddress(text)
  const address = /^([\d.]+):\d{1,5}$/.exec(text)?.[1]
  return address !== undefined && isIP(address) === 4 ? address : undefined
}

/** Without the IPv6 dress an IPv4 address wears on a dual-stack socket. */
function plainAddress(address: string): string {
  const mapped = address.toLowerCase().startsWith('::ffff:') ? address.slice(7) : ''
  return isIP(mapped) === 4 ? mapped : address
}

function nodeIdentifier(address: string): string {
  if (address === '') return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}
