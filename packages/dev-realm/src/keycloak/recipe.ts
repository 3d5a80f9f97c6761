// How a real Keycloak is run here: version, arguments, places. Facts and their measurements: notes/keycloak. No I/O but
// reading the realm files, whose content is part of the cache's name.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const KEYCLOAK_VERSION = '26.7.5'
export const KEYCLOAK_ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`
export const UNPACK_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack'

/** The administrator of the servers started here. They listen on loopback only. */
export const KEYCLOAK_ADMIN = { username: 'admin', password: 'admin' } as const

/** Where a server listens; its management port is the next one. */
export const KEYCLOAK_PORTS: readonly number[] = [8180, 8280, 8380]

export const REALMS_DIRECTORY = fileURLToPath(new URL('../../keycloak-realms/', import.meta.url))

export const BUILD_ARGUMENTS: readonly string[] = [
  'build',
  '--db=dev-file',
  '--health-enabled=true',
  '--metrics-enabled=true',
  '--features=client-secret-rotation',
]

// What kc.sh passes, but for the collector: G1 costs 60 MB more at rest. Java is started without kc.sh because that
// script stays between us and the server, and a SIGKILL would end the script alone.
const JVM_ARGUMENTS: readonly string[] = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:MetaspaceSize=96M',
  '-XX:MaxMetaspaceSize=256m',
  '-XX:+ExitOnOutOfMemoryError',
  '-Dfile.encoding=UTF-8',
  '-Duser.language=en',
  '-Duser.country=US',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
  '--add-opens=java.base/java.security=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--enable-native-access=ALL-UNNAMED',
  '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
  '-Dpicocli.disable.closures=true',
]

export function buildJavaArguments(serverDirectory: string, keycloakArguments: readonly string[]): string[] {
  return [
    ...JVM_ARGUMENTS,
    `-Dkc.home.dir=${serverDirectory}`,
    `-Djboss.server.config.dir=${join(serverDirectory, 'conf')}`,
    '-cp',
    join(serverDirectory, 'lib', 'quarkus-run.jar'),
    'io.quarkus.bootstrap.runner.QuarkusEntryPoint',
    ...keycloakArguments,
  ]
}

export function keycloakUrl(port: number): string {
  return `http://localhost:${port}`
}

/** `databaseDirectory` belongs to one server alone: two on one H2 file refuse each other. */
export function buildStartArguments(port: number, databaseDirectory: string): string[] {
  return [
    'start',
    '--optimized',
    // Not a build option: without it here the server opens two cluster ports on every address.
    '--cache=local',
    '--http-enabled=true',
    '--http-host=127.0.0.1',
    `--http-port=${port}`,
    '--http-management-host=127.0.0.1',
    `--http-management-port=${port + 1}`,
    `--hostname=${keycloakUrl(port)}`,
    '--hostname-backchannel-dynamic=true',
    // H2 writes half a second late by default; a killed server would forget its newest sessions.
    `--db-url=jdbc:h2:file:${join(databaseDirectory, DATABASE_NAME)};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0`,
  ]
}

const DATABASE_NAME = 'keycloakdb'
export const DATABASE_FILE = `${DATABASE_NAME}.mv.db`

export interface CachePaths {
  readonly root: string
  readonly server: string
  /** The imported realms of one port: Keycloak writes its own address into them while importing. */
  database(port: number): string
}

/** Outside the repository, so that a fresh clone finds it; each place is named after everything that goes into it. */
export function cachePaths(): CachePaths {
  const cache = process.env.DOORMAN_CACHE || join(homedir(), '.cache', 'doorman')
  const root = join(cache, `keycloak-${KEYCLOAK_VERSION}-${hashOf(BUILD_ARGUMENTS)}`)
  const imported = hashOf([...buildStartArguments(0, ''), JSON.stringify(KEYCLOAK_ADMIN), ...readRealmFiles()])
  return {
    root,
    server: join(root, 'server'),
    database: (port) => join(root, `realms-${imported}-${port}`),
  }
}

function readRealmFiles(): string[] {
  return readdirSync(REALMS_DIRECTORY)
    .sort()
    .map((name) => readFileSync(join(REALMS_DIRECTORY, name), 'utf8'))
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}
