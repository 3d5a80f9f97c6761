// Fetches Keycloak by Maven, builds it and imports the realms, once per machine. Everything is made in a temporary
// folder beside its place and renamed, so that a cache is whole or absent.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KeycloakError } from './errors.ts'
import { findJava, parseJavaVersion } from './java.ts'
import { acquireLock } from './lock.ts'
import { type ProgressListener, timed } from './progress.ts'
import {
  BUILD_ARGUMENTS,
  buildJavaArguments,
  type CachePaths,
  cachePaths,
  DATABASE_FILE,
  KEYCLOAK_ARTIFACT,
  KEYCLOAK_VERSION,
  REALMS_DIRECTORY,
  UNPACK_GOAL,
} from './recipe.ts'
import { startServerProcess } from './server-process.ts'

const OLDEST_JAVA = 17
const OUTPUT_BYTES = 16 * 1024 * 1024
const run = promisify(execFile)

/** Whether Keycloak has been fetched and built here. A port that was never used still has to import the realms, 20 s. */
export function isKeycloakPrepared(): boolean {
  return existsSync(cachePaths().server)
}

/**
 * Prepares a server for a port: 45 to 160 s the first time on a machine, 20 to 60 s for a further port, nothing when it has
 * been done. Rejects with `ERR_KEYCLOAK_MAVEN_MISSING`, `ERR_KEYCLOAK_JAVA_MISSING`, `ERR_KEYCLOAK_PREPARE_FAILED`,
 * `ERR_KEYCLOAK_PORT_TAKEN` or `ERR_KEYCLOAK_START_FAILED`.
 */
export async function prepareKeycloak(options: {
  readonly port: number
  readonly onProgress: ProgressListener
}): Promise<void> {
  const paths = cachePaths()
  if (existsSync(paths.server) && existsSync(paths.database(options.port))) return
  await mkdir(paths.root, { recursive: true })
  const lock = await acquireLock(join(paths.root, 'lock.db'), () =>
    options.onProgress({ kind: 'started', step: 'waiting for another preparation' }),
  )
  try {
    if (!existsSync(paths.server)) await prepareServer(paths, options.onProgress)
    if (!existsSync(paths.database(options.port))) await prepareDatabase(paths, options.port, options.onProgress)
  } finally {
    lock.release()
  }
}

async function prepareServer(paths: CachePaths, onProgress: ProgressListener): Promise<void> {
  await requireJava()
  const temporary = await mkdtemp(join(paths.root, 'preparing-'))
  try {
    await timed(`fetching Keycloak ${KEYCLOAK_VERSION} by Maven (174 MB)`, onProgress, () => fetchServer(temporary))
    const server = join(temporary, `keycloak-${KEYCLOAK_VERSION}`)
    await timed('building its configuration', onProgress, () => buildServer(server))
    await rename(server, paths.server)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function fetchServer(directory: string): Promise<void> {
  const goal = ['-q', '-B', UNPACK_GOAL, `-Dartifact=${KEYCLOAK_ARTIFACT}`, `-DoutputDirectory=${directory}`]
  try {
    await run('mvn', goal, { cwd: directory, maxBuffer: OUTPUT_BYTES })
  } catch (error) {
    throw isMissing(error)
      ? new KeycloakError(
          'ERR_KEYCLOAK_MAVEN_MISSING',
          'Maven is needed to fetch Keycloak, and there is no `mvn` here. Install it (Debian: apt-get install maven).',
        )
      : prepareFailed('fetch Keycloak by Maven', error)
  }
}

async function buildServer(server: string): Promise<void> {
  try {
    await run(findJava(), buildJavaArguments(server, BUILD_ARGUMENTS), { maxBuffer: OUTPUT_BYTES })
  } catch (error) {
    throw prepareFailed('build Keycloak', error)
  }
}

async function prepareDatabase(paths: CachePaths, port: number, onProgress: ProgressListener): Promise<void> {
  await requireJava()
  const temporary = await mkdtemp(join(paths.root, 'preparing-'))
  try {
    await replaceDirectory(REALMS_DIRECTORY, join(paths.server, 'data', 'import'))
    await timed(`importing the realms for port ${port}`, onProgress, async () => {
      const place = { port, serverDirectory: paths.server, databaseDirectory: temporary, importsRealms: true }
      const server = await startServerProcess(place)
      await server.end('SIGTERM')
    })
    const database = join(temporary, 'imported')
    await mkdir(database)
    await copyFile(join(temporary, DATABASE_FILE), join(database, DATABASE_FILE))
    await rename(database, paths.database(port))
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function replaceDirectory(source: string, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true })
  await cp(source, place, { recursive: true })
}

async function requireJava(): Promise<void> {
  const found = await run(findJava(), ['-version']).catch(() => undefined)
  const version = found === undefined ? undefined : parseJavaVersion(found.stderr)
  if (version !== undefined && version >= OLDEST_JAVA) return
  const what = version === undefined ? 'there is no `java` here' : `found Java ${version}`
  throw new KeycloakError(
    'ERR_KEYCLOAK_JAVA_MISSING',
    `Keycloak needs Java ${OLDEST_JAVA} or newer, ${what}. Install it (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME.`,
  )
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function prepareFailed(what: string, error: unknown): KeycloakError {
  return new KeycloakError('ERR_KEYCLOAK_PREPARE_FAILED', `Could not ${what}: ${String(error)}`, error)
}
