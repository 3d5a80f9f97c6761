import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MILLISECONDS = 100

/** Resolves with true once every port of this machine takes connections, with false when the signal comes first. */
export async function untilOpen(ports: readonly number[], signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const open = await Promise.all(ports.map(isOpen))
    if (open.every(Boolean)) return !signal.aborted
    await delay(POLL_MILLISECONDS)
  }
  return false
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost' })
    const answer = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}
