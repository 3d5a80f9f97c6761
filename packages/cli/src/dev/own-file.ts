// A file of one's own as "doorman dev" runs it: with a value for every secret that is not there yet, and with what its
// realms must have.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Absence, formatProblem, type GatewayConfig, readConfig } from '@doorman/gateway'
import {
  clientsSection,
  type ParsedClients,
  type ParsedProvision,
  provisionSection,
  resolveWanted,
  type Wanted,
} from '@doorman/provision'
import { tellProblems } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { readFrontDoor } from '../provision/front-door.ts'
import { FOR_GATEWAY, type SectionReading } from '../sections.ts'
import type { Terminal } from '../terminal.ts'
import { isEmbeddable } from './embedded-realm.ts'

export interface OwnFile {
  /** Absolute. */
  readonly file: string
  readonly config: GatewayConfig
  readonly wanted: Wanted
  /** Ids of the confidential clients that the section `clients` adds to the gateway's own. */
  readonly clients: readonly string[]
  /** The environment, with the secrets that were made up for this run. */
  readonly env: Environment
}

const SECRET_BYTES = 32
const VARIABLE = /(?<!\$)\$\{([A-Za-z_]\w*)\}/g
/** Made up where they are absent. A key or the address of a store cannot be. */
const MADE_UP: readonly Absence[] = ['realms.*.clientAuth.secret', 'services.*.auth.secret'].map((key) => ({
  path: key.split('.'),
  instead: () => 'not-there-yet-not-there-yet',
}))

/** Undefined when the file is wrong, its problems told. */
export function readOwnFile(name: string, terminal: Terminal, env: Environment): OwnFile | undefined {
  const file = resolve(name)
  const mayBeAbsent = [...(FOR_GATEWAY.mayBeAbsent ?? []), ...MADE_UP]
  const first = readConfig(name, env, { ...FOR_GATEWAY, mayBeAbsent })
  if (first.kind === 'invalid') {
    tellProblems(first.problems, terminal)
    return undefined
  }
  const completed = { ...env, ...makeSecrets(file, env) }
  const reading = readConfig(name, completed, FOR_GATEWAY)
  if (reading.kind === 'invalid') {
    tellProblems(reading.problems, terminal)
    return undefined
  }
  for (const warning of reading.warnings.filter(isWorthTelling)) terminal.tell(`warning: ${formatProblem(warning)}`)
  const config = reachedAtIssuers(reading.config)
  const sections = sectionsOf(reading)
  const [wanted, clients] = [wantedOf(config, sections, file), furtherClients(config, sections)]
  return { file, config, env: completed, wanted, clients }
}

/** One process that counts by itself is as it should be here. */
function isWorthTelling({ key }: { readonly key: string }): boolean {
  return !key.endsWith('limit')
}

function makeSecrets(file: string, env: Environment): Environment {
  const names = [...readFileSync(file, 'utf8').matchAll(VARIABLE)].map(([, name = '']) => name)
  const unset = new Set(names.filter((name) => env[name] === undefined))
  return Object.fromEntries([...unset].map((name) => [name, randomBytes(SECRET_BYTES).toString('base64url')]))
}

/** What stands inside a network is not where an embedded realm is. */
function reachedAtIssuers(config: GatewayConfig): GatewayConfig {
  const realms = Object.entries(config.realms).map(([name, realm]) => {
    return [name, isEmbeddable(realm.issuer) ? { ...realm, backchannelUrl: null } : realm] as const
  })
  return { ...config, realms: Object.fromEntries(realms) }
}

interface Sections {
  readonly provision: ParsedProvision
  readonly clients: ParsedClients
}

/** Absent where something in them is: a credential for the real realm, mostly, which nobody needs here. */
function sectionsOf(reading: SectionReading): Sections {
  const { provision = provisionSection.parse(undefined), clients = clientsSection.parse(undefined) } = reading.sections
  return { provision, clients }
}

function wantedOf(config: GatewayConfig, sections: Sections, file: string): Wanted {
  const locate = (path: string) => resolve(dirname(file), path)
  return resolveWanted({ sections, frontDoor: readFrontDoor(config, []), locate })
}

function furtherClients({ realms }: GatewayConfig, { clients }: Sections): readonly string[] {
  const own = Object.values(realms).map(({ clientId }) => clientId)
  const confidential = Object.entries(clients).filter(([, { preset }]) => preset !== 'spa')
  return confidential.map(([key, { clientId = key }]) => clientId).filter((clientId) => !own.includes(clientId))
}
