// Which client of the file is meant by a name on the command line.
import type { WantedClient } from '@doorman/provision'
import { CommandError } from '../failure.ts'
import type { GroundRealm, ProvisionGround } from './ground.ts'

export interface NamedClient {
  readonly clientId: string
  /** The local name in the file; null: whichever has it. */
  readonly realm: string | null
}

export interface FoundClient {
  readonly realm: GroundRealm
  readonly client: WantedClient
}

/** At least one. */
export function findClients({ realms }: ProvisionGround, { clientId, realm }: NamedClient): readonly FoundClient[] {
  const found = realms
    .filter(({ wanted }) => realm === null || wanted.name === realm)
    .flatMap((each) =>
      each.wanted.clients.filter((client) => client.clientId === clientId).map((client) => ({ realm: each, client })),
    )
  if (found.length > 0) return found
  const where = realm === null ? 'the configuration' : `the realm ${realm} of the configuration`
  throw new CommandError(`${where} has no client ${clientId}; write it under clients`)
}

/** One, or the realm has to be said. */
export function findClient(ground: ProvisionGround, name: NamedClient): FoundClient {
  const [first, ...others] = findClients(ground, name)
  if (first !== undefined && others.length === 0) return first
  const realms = [first, ...others].map((found) => found?.realm.wanted.name).join(', ')
  throw new CommandError(`${name.clientId} is a client of ${realms}: say which with --realm`)
}
