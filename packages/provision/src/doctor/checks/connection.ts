import { once } from 'node:events'
import { connect } from 'node:net'
import { type Finding, ok, wrong } from '../finding.ts'
import { addressesOf, bareHost, isLoopback, isLoopbackName, portOf } from '../hosts.ts'
import type { RealmFacts } from '../realm-facts.ts'

export async function checkConnection({ url, realm, tools }: RealmFacts): Promise<Finding> {
  const host = bareHost(url)
  const [place, evidence] = [`${host}:${portOf(url)}`, { host, port: portOf(url) }]
  const code = await tryConnect(host, portOf(url), realm.timeoutSeconds)
  if (code === undefined) return ok(`${place} takes connections`)
  if (code === 'timeout') {
    const remedy = 'a firewall or a NetworkPolicy drops the packets, or the address is wrong: let them through'
    return wrong('connection-silent', `${place} does not answer`, remedy, { ...evidence, code })
  }
  if (code !== 'ECONNREFUSED') {
    return wrong('connection-failed', `${place} cannot be connected to: ${code}`, 'look at the network', {
      ...evidence,
      code,
    })
  }
  const addresses = await addressesOf(host, tools)
  const isHere = !isLoopbackName(host) && addresses.some(isLoopback)
  const here = isHere ? `; the name leads to this very machine (${addresses.join(', ')})` : ''
  const remedy = isHere
    ? 'give the realm a backchannelUrl that leads to Keycloak from here'
    : 'start Keycloak, or correct the port'
  return wrong('connection-refused', `nothing listens on ${place}${here}`, remedy, { ...evidence, code })
}

async function tryConnect(host: string, port: number, timeoutSeconds: number): Promise<string | undefined> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutSeconds * 1000) })
    return undefined
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return 'timeout'
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  } finally {
    socket.destroy()
  }
}
