// Hosts, ports and origins as an operator writes them. Undefined stands for what cannot be understood.
import { isIP } from 'node:net'
import { isLoopbackHost } from '../kernel/loopback.ts'
import type { ListenAddress } from './gateway-config.ts'

const MAX_PORT = 65_535

/** `host:port`, IPv6 in brackets. */
export function parseListenAddress(value: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(value)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > MAX_PORT) return undefined
  if (match?.[1] !== undefined && isIP(host) !== 6) return undefined
  return { host, port }
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** The origin of a URL that is nothing but an origin. */
export function parseOrigin(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.host === '') return undefined
  const bare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return bare && !/[?#@\\\s]/.test(value) ? url.origin : undefined
}

/** True for `http:` to another machine: everybody on the way could read it. */
export function isPlainRemote(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}

export function isAddressBlock(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
