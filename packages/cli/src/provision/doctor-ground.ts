// Whom the doctor examines, read from the file: the gateway's clients, those of `clients`, and services behind routes.
import type { RealmConfig } from '@doorman/gateway'
import {
  type DoctorGround,
  type DoctorRealm,
  internalIssuerOf,
  isProvisionError,
  type RealmAdmin,
  useAuthorities,
} from '@doorman/provision'
import { CommandError } from '../failure.ts'
import { describeClient, isNamed } from './doctor-clients.ts'
import { describeServices } from './doctor-services.ts'
import { openRealm, type ProvisionFile } from './ground.ts'

export interface DoctorPreparation {
  readonly ground: DoctorGround
  /** By the local name of a realm; null: the file has no credential for it. */
  openAdmin(realm: string): RealmAdmin | null
}

/** Reads secrets that were delivered to files; calls nobody. Throws `CommandError` for a client the file does not name. */
export async function prepareDoctor(file: ProvisionFile, client: string | null): Promise<DoctorPreparation> {
  const problem = trustProblem(file.config.tls.ca)
  const all = await Promise.all(groupRealms(file).map((names) => describeRealm(names, file, client, problem)))
  const realms = client === null ? all : all.filter(({ clients }) => clients.length > 0)
  if (client !== null && realms.length === 0) {
    throw new CommandError(`the configuration has no client ${client}; write it under clients`)
  }
  return {
    ground: { realms, services: client === null ? describeServices(file.config) : [] },
    openAdmin: (name) => openAdmin(name, file),
  }
}

/** Null: all is well with the bundles, and they are believed from now on. */
function trustProblem(files: readonly string[]): string | null {
  try {
    useAuthorities(files)
    return null
  } catch (error) {
    if (isProvisionError(error, 'ERR_TRUST_INVALID')) return error.message
    throw error
  }
}

type Named = readonly [name: string, realm: RealmConfig]

/** Local names of one and the same realm. */
function groupRealms({ config }: ProvisionFile): readonly (readonly Named[])[] {
  return [...Map.groupBy(Object.entries(config.realms), ([, { issuer }]) => issuer).values()]
}

async function describeRealm(
  named: readonly Named[],
  file: ProvisionFile,
  client: string | null,
  authoritiesProblem: string | null,
): Promise<DoctorRealm> {
  const [first] = named
  if (first === undefined) throw new TypeError('a realm without a name')
  const [name, realm] = first
  const { issuer, timeoutSeconds } = realm
  const wanted = file.wanted.realms.find((each) => each.issuer === issuer)?.clients ?? []
  const chosen = wanted.filter((each) => client === null || isNamed(each, client))
  return {
    name,
    issuer,
    address: internalIssuerOf(realm),
    authorities: file.config.tls.ca,
    authoritiesProblem,
    timeoutSeconds,
    clients: await Promise.all(chosen.map((each) => describeClient(each, named, file))),
  }
}

function openAdmin(name: string, file: ProvisionFile): RealmAdmin | null {
  const wanted = file.wanted.realms.find(({ issuer }) => issuer === file.config.realms[name]?.issuer)
  if (wanted === undefined) return null
  const local = Object.keys(file.provision.realms).find((each) => file.config.realms[each]?.issuer === wanted.issuer)
  const prefix = `provision.realms.${local}.credential`
  if (file.absent.some((key) => key.startsWith(prefix))) return null
  return openRealm(wanted, file, () => undefined)?.admin ?? null
}
