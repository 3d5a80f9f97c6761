import { isIPv4, isIPv6 } from 'node:net'
import { type GatewayRequest, header } from '../http/request.ts'
import type { Device } from './session.ts'

/** `network` keeps 24 bits of an IPv4 address and 48 of an IPv6 address. */
export type KeptAddress = 'none' | 'network' | 'full'

const USER_AGENT_MAX_CHARS = 256

export function describeDevice(request: Pick<GatewayRequest, 'headers' | 'clientAddress'>, kept: KeptAddress): Device {
  const userAgent = header(request, 'user-agent')?.slice(0, USER_AGENT_MAX_CHARS) ?? null
  return { userAgent, address: keepAddress(request.clientAddress, kept) }
}

function keepAddress(address: string, kept: KeptAddress): string | null {
  if (kept === 'none') return null
  return kept === 'full' ? address : networkOf(address)
}

function networkOf(address: string): string | null {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1] ?? address
  if (isIPv4(mapped)) return mapped.replace(/\.\d+$/, '.0/24')
  return isIPv6(address) ? `${firstGroups(address)}::/48` : null
}

function firstGroups(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from(
    { length: tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length) },
    () => '0',
  )
  return [...before, ...zeros, ...after].slice(0, 3).join(':')
}
