// The embedded realms of a file, each on the port that its issuer names.
import { startDevRealm } from '@doorman/dev-realm'
import { CommandError, isCoded } from '../failure.ts'
import type { EmbeddedRealm } from './embedded-realm.ts'

export interface RunningRealms {
  close(): Promise<void>
}

export async function startRealms(realms: readonly EmbeddedRealm[]): Promise<RunningRealms> {
  refuseSharedPorts(realms)
  const running: RunningRealms[] = []
  const close = async () => {
    await Promise.all(running.splice(0).map((realm) => realm.close()))
  }
  try {
    for (const realm of realms) running.push(await startRealm(realm))
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

async function startRealm(realm: EmbeddedRealm): Promise<RunningRealms> {
  try {
    return await startDevRealm(realm)
  } catch (error) {
    if (!isCoded(error, 'EADDRINUSE')) throw error
    const { name, port } = realm
    throw new CommandError(
      `port ${port} is taken by another process; stop it, or give realms.${name}.issuer another port`,
    )
  }
}

/** Keycloak has many realms on one port. An embedded realm is a server of its own. */
function refuseSharedPorts(realms: readonly EmbeddedRealm[]): void {
  for (const [port, own] of Map.groupBy(realms, (realm) => realm.port)) {
    const names = own.map(({ name }) => `realms.${name}.issuer`)
    if (names.length < 2) continue
    throw new CommandError(`${names.join(' and ')} have the same port, ${port}; give each embedded realm its own`)
  }
}
