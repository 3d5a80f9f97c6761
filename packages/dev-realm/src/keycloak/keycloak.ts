// A running Keycloak with its own copy of the imported realms: what one run changes, the next does not see.
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeycloakAdmin, type KeycloakAdmin } from './admin.ts'
import { KeycloakError } from './errors.ts'
import { prepareKeycloak } from './prepare.ts'
import { type ProgressListener, timed } from './progress.ts'
import { cachePaths, DATABASE_FILE, KEYCLOAK_PORTS, keycloakUrl } from './recipe.ts'
import { holdPort, isFreePort, type ServerProcess, startServerProcess } from './server-process.ts'

export interface Keycloak {
  readonly url: string
  readonly admin: KeycloakAdmin
  issuer(realm: string): string
  /** SIGKILL, and gone when it resolves. Its data and its ports stay for `restart`: who connects is refused. */
  kill(): Promise<void>
  /** Starts on the same data and port, after a SIGTERM if it still runs. Resolves when it answers again. */
  restart(): Promise<void>
  /** SIGTERM; its data go. For good. */
  stop(): Promise<void>
}

/** The first of our ports that is free together with the next one. Rejects with `ERR_KEYCLOAK_PORT_TAKEN`. */
export async function findKeycloakPort(): Promise<number> {
  for (const port of KEYCLOAK_PORTS) {
    if ((await isFreePort(port)) && (await isFreePort(port + 1))) return port
  }
  throw new KeycloakError(
    'ERR_KEYCLOAK_PORT_TAKEN',
    `Ports ${KEYCLOAK_PORTS.join(', ')} are all taken. Free one of them.`,
  )
}

/**
 * Starts a server on loopback, its management interface on the next port; prepares it first where that has not been
 * done. 11 to 21 s on two cores. Rejects as `prepareKeycloak` does.
 */
export async function startKeycloak(options: {
  readonly port: number
  readonly onProgress: ProgressListener
}): Promise<Keycloak> {
  const { port, onProgress } = options
  await prepareKeycloak(options)
  const paths = cachePaths()
  const databaseDirectory = await mkdtemp(join(tmpdir(), 'doorman-keycloak-'))
  await copyFile(join(paths.database(port), DATABASE_FILE), join(databaseDirectory, DATABASE_FILE))
  const place = { port, serverDirectory: paths.server, databaseDirectory, importsRealms: false }
  const removeData = () => rm(databaseDirectory, { recursive: true, force: true })
  let running: ServerProcess | undefined = await timed(`starting Keycloak on port ${port}`, onProgress, () =>
    startServerProcess(place),
  ).catch(async (error: unknown) => {
    await removeData()
    throw error
  })

  let stopHolding: (() => Promise<void>) | undefined

  async function releasePorts(): Promise<void> {
    await stopHolding?.()
    stopHolding = undefined
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await running?.end(signal)
    running = undefined
  }

  const url = keycloakUrl(port)
  return {
    url,
    admin: createKeycloakAdmin(url),
    issuer: (realm) => `${url}/realms/${realm}`,
    async kill() {
      await end('SIGKILL')
      // Who looks for two free ports finds none here, and the realm's own refuses connections as it must.
      stopHolding ??= await holdPort(port + 1)
    },
    async restart() {
      await end('SIGTERM')
      await releasePorts()
      running = await startServerProcess(place)
    },
    async stop() {
      await end('SIGTERM')
      await releasePorts()
      await removeData()
    },
  }
}
