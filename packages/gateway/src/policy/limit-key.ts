// Whose requests are counted together. Each kind has a word of its own in front, and what somebody could choose stands
// last: no name of one kind can be read as one of another.
import { isIP } from 'node:net'
import type { KnownPrincipal } from './principal.ts'

export type LimitBy = 'user' | 'session' | 'ip' | 'tenant' | 'client'

export interface LimitSubject {
  /** Null for nobody, and before anybody is known. */
  readonly principal: Pick<KnownPrincipal, 'kind' | 'issuer' | 'subject' | 'clientId' | 'handle'> | null
  readonly clientAddress: string
  /** Null for none. */
  readonly tenant: string | null
}

/** Where the kind asked for does not apply, the next narrower one counts: the person, else the address. */
export function limitKey(by: LimitBy, subject: LimitSubject): string {
  const { principal, tenant } = subject
  if (principal === null || by === 'ip') return `ip ${foldAddress(subject.clientAddress)}`
  // An issuer has no space in it.
  const { issuer } = principal
  if (by === 'session' && principal.handle !== null) return `session ${principal.handle}`
  if (by === 'tenant' && tenant !== null) return `tenant ${issuer} ${tenant}`
  if (by === 'client' && principal.kind === 'bearer' && principal.clientId !== null) {
    return `client ${issuer} ${principal.clientId}`
  }
  return `user ${issuer} ${principal.subject}`
}

const GROUPS = 8
const NETWORK_GROUPS = 4

/** One subscriber has a whole /64 of IPv6 (RFC 6177), and could count anew with each address of it. */
export function foldAddress(address: string): string {
  if (isIP(address) !== 6) return address
  const groups = readGroups(address)
  const mapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff' ? groups.slice(6) : undefined
  if (mapped !== undefined) return mapped.flatMap(bytesOf).join('.')
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`
}

/** The eight groups, without leading zeros. */
function readGroups(address: string): readonly string[] {
  const withoutZone = address.split('%', 1)[0] ?? ''
  // The URL parser writes an embedded IPv4 address as two groups, and everything else in one way.
  const text = new URL(`http://[${withoutZone}]/`).hostname.slice(1, -1)
  const [head = '', tail = ''] = text.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  return [...before, ...Array<string>(GROUPS - before.length - after.length).fill('0'), ...after]
}

function bytesOf(group: string): readonly number[] {
  const value = Number.parseInt(group, 16)
  return [value >> 8, value & 0xff]
}
