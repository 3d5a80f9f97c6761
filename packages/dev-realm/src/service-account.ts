// The user that stands for a client which speaks for itself.
import { createHash } from 'node:crypto'
import type { DevClient, DevUser } from './options.ts'

/** Undefined for a client that may not. Its id stays the same while the client id does. */
export function buildServiceAccount(client: DevClient): DevUser | undefined {
  if (client.serviceAccount === undefined) return undefined
  return {
    id: buildId(client.clientId),
    username: `service-account-${client.clientId}`,
    firstName: '',
    lastName: '',
    email: '',
    enabled: client.enabled !== false,
    ...client.serviceAccount,
  }
}

function buildId(clientId: string): string {
  const hex = createHash('sha256').update(clientId).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
