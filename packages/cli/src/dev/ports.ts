// Ports for the demo: from 4000 upwards, never those that other tools are known to use.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PortPicker {
  /** The next free port; `onTaken` hears of each that was not. */
  pick(): Promise<number>
}

export function createPortPicker(first: number, onTaken: (port: number) => void): PortPicker {
  let port = first
  return {
    async pick() {
      for (; port < 65_536; port += 1) {
        if (await isFree(port)) {
          port += 1
          return port - 1
        }
        onTaken(port)
      }
      throw new Error(`no free port from ${first} upwards`)
    },
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    await listen(probe, port)
    await close(probe)
    return true
  } catch {
    return false
  }
}

/** Listens on loopback; resolves with the port. */
export async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
