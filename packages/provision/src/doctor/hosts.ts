// Hosts of addresses, and which of them lead back to this machine.
import { isIP } from 'node:net'
import type { DoctorTools } from './ground.ts'

/** Without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}

/** An address, not a name. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/** RFC 6761 section 6.3. */
export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host)
}

/** Empty for a name that cannot be looked up. */
export async function addressesOf(host: string, { lookup }: DoctorTools): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  return lookup(host).catch(() => [])
}
