// One Java process that is a Keycloak server: started, waited for, ended by its pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KeycloakError } from './errors.ts'
import { findJava } from './java.ts'
import { buildJavaArguments, buildStartArguments, KEYCLOAK_ADMIN, keycloakUrl } from './recipe.ts'

const READY_POLL_MILLISECONDS = 250
const READY_WITHIN_MILLISECONDS = 300_000
const LOG_LINES_SHOWN = 12

export interface ServerProcess {
  /** Resolves when the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface ServerPlace {
  readonly port: number
  readonly serverDirectory: string
  readonly databaseDirectory: string
  readonly importsRealms: boolean
}

/** Resolves when the server answers. Rejects with `ERR_KEYCLOAK_PORT_TAKEN` or `ERR_KEYCLOAK_START_FAILED`. */
export async function startServerProcess(place: ServerPlace): Promise<ServerProcess> {
  await requireFreePort(place.port)
  await requireFreePort(place.port + 1)
  const logFile = join(place.databaseDirectory, 'keycloak.log')
  const child = await spawnServer(place, logFile)
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  // Keycloak must not outlive whoever started it.
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  gone.then(() => process.removeListener('exit', endWithUs))
  try {
    await waitUntilReady(place.port, child, logFile)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    async end(signal) {
      child.kill(signal)
      await gone
    },
  }
}

async function spawnServer(place: ServerPlace, logFile: string): Promise<ChildProcess> {
  const start = buildStartArguments(place.port, place.databaseDirectory)
  const keycloakArguments = place.importsRealms ? [...start, '--import-realm'] : start
  const log = openSync(logFile, 'a')
  const child = spawn(findJava(), buildJavaArguments(place.serverDirectory, keycloakArguments), {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: KEYCLOAK_ADMIN.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: KEYCLOAK_ADMIN.password,
      TEST_KEYCLOAK_URL: keycloakUrl(place.port),
    },
  })
  closeSync(log)
  await once(child, 'spawn')
  return child
}

async function waitUntilReady(port: number, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MILLISECONDS
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw startFailed('ended before it was ready', logFile)
    if (await isReady(port)) return
    await delay(READY_POLL_MILLISECONDS)
  }
  throw startFailed(`was not ready within ${READY_WITHIN_MILLISECONDS / 1000} s`, logFile)
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port + 1}/health/ready`, { signal: AbortSignal.timeout(5000) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}

function startFailed(what: string, logFile: string): KeycloakError {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
  return new KeycloakError('ERR_KEYCLOAK_START_FAILED', `Keycloak ${what}. Its last words:\n${lines}`)
}

async function requireFreePort(port: number): Promise<void> {
  if (await isFreePort(port)) return
  throw new KeycloakError(
    'ERR_KEYCLOAK_PORT_TAKEN',
    `Port ${port} is taken; Keycloak needs it. Free it or choose another.`,
  )
}

/** Listens there until what it returns is called; who connects is cut off. Rejects with `ERR_KEYCLOAK_PORT_TAKEN`. */
export async function holdPort(port: number): Promise<() => Promise<void>> {
  await requireFreePort(port)
  const holder = createServer((socket) => socket.destroy())
  holder.listen(port, '127.0.0.1')
  await once(holder, 'listening')
  holder.unref()
  return async () => {
    holder.close()
    await once(holder, 'close')
  }
}

export async function isFreePort(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    probe.listen(port, '127.0.0.1')
    await once(probe, 'listening')
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}
