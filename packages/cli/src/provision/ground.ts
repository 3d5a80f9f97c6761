// What the commands that work on realms stand on: the file, what it wants, and the admin interface of each realm.
import { dirname, resolve } from 'node:path'
import { type GatewayConfig, readConfig } from '@doorman/gateway'
import {
  type AdminCall,
  type AdminCredential,
  createRealmAdmin,
  type ParsedProvision,
  type RealmAdmin,
  resolveWanted,
  serverUrlOf,
  useAuthorities,
  type Wanted,
  type WantedRealm,
} from '@doorman/provision'
import { tellProblems } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { FOR_BOOTSTRAP, FOR_PROVISION } from '../sections.ts'
import type { Terminal } from '../terminal.ts'
import { readFrontDoor } from './front-door.ts'

export interface ProvisionGround {
  readonly config: GatewayConfig
  readonly wanted: Wanted
  /** Those that `provision.realms` has a credential for, in the order of the file. */
  readonly realms: readonly GroundRealm[]
  /** Keys of the gateway's secrets that are not there yet, such as `realms.main.clientAuth.secret`. */
  readonly absent: readonly string[]
}

export interface GroundRealm {
  readonly wanted: WantedRealm
  readonly admin: RealmAdmin
  readonly adminUrl: string
}

export interface ProvisionFile {
  readonly config: GatewayConfig
  readonly provision: ParsedProvision
  readonly wanted: Wanted
  readonly absent: readonly string[]
  /** Makes a path in the file absolute. */
  locate(path: string): string
}

/** Undefined when the file is wrong, its problems told: the command ends with 78. Calls nobody. */
export async function openGround(
  { file, onCall }: { readonly file: string; readonly onCall: (call: AdminCall) => void },
  terminal: Terminal,
  env: Environment,
): Promise<ProvisionGround | undefined> {
  const read = readProvisionFile(file, { needsCredentials: true }, terminal, env)
  if (read === undefined) return undefined
  const { config, provision, wanted, absent } = read
  if (Object.keys(provision.realms).length === 0) {
    terminal.tell(
      `${file} provision.realms: missing, so no realm can be reached; write provision.realms.NAME.credential`,
    )
    return undefined
  }
  useAuthorities(config.tls.ca)
  const realms = wanted.realms.flatMap((realm) => openRealm(realm, read, onCall) ?? [])
  for (const { name } of wanted.realms.filter((realm) => !realms.some((open) => open.wanted === realm))) {
    terminal.tell(`realm ${name} is left alone: provision.realms.${name} is missing`)
  }
  return { config, wanted, realms, absent }
}

/** The file alone: undefined when it is wrong, its problems told. `needsCredentials: false` for who makes them. */
export function readProvisionFile(
  file: string,
  { needsCredentials }: { readonly needsCredentials: boolean },
  terminal: Terminal,
  env: Environment,
): ProvisionFile | undefined {
  const reading = readConfig(file, env, needsCredentials ? FOR_PROVISION : FOR_BOOTSTRAP)
  if (reading.kind === 'invalid') {
    tellProblems(reading.problems, terminal)
    return undefined
  }
  const { config, absent } = reading
  const { provision, clients } = reading.sections
  if (provision === undefined || clients === undefined) throw new TypeError('sections without their values')
  const locate = (path: string) => resolve(dirname(resolve(file)), path)
  const frontDoor = readFrontDoor(config, absent)
  return {
    config,
    provision,
    absent,
    locate,
    wanted: resolveWanted({ sections: { provision, clients }, frontDoor, locate }),
  }
}

/** Undefined where `provision.realms` has no credential for it. Calls nobody. */
export function openRealm(
  wanted: WantedRealm,
  { config, provision, locate }: ProvisionFile,
  onCall: (call: AdminCall) => void,
): GroundRealm | undefined {
  // Two local names may stand for one realm, and one credential is enough.
  const named = Object.entries(provision.realms).find(([name]) => config.realms[name]?.issuer === wanted.issuer)
  const realm = config.realms[named?.[0] ?? '']
  if (named === undefined || realm === undefined) return undefined
  const [, { adminUrl = serverUrlOf(realm), credential }] = named
  const { concurrency, timeout } = provision
  const admin = createRealmAdmin({
    issuer: wanted.issuer,
    adminUrl,
    credential: readCredential(credential, locate),
    concurrency,
    timeoutSeconds: timeout,
    onCall,
  })
  return { wanted, admin, adminUrl }
}

type Credential = ParsedProvision['realms'][string]['credential']

function readCredential({ clientId, clientAuth }: Credential, locate: (path: string) => string): AdminCredential {
  if ('secret' in clientAuth) return { kind: 'secret', clientId, secret: clientAuth.secret }
  if ('kubernetesToken' in clientAuth) {
    return { kind: 'kubernetesToken', clientId, file: locate(clientAuth.kubernetesToken) }
  }
  const { privateKey, algorithm, keyId = null } = clientAuth
  return { kind: 'privateKey', clientId, privateKey, algorithm, keyId }
}
