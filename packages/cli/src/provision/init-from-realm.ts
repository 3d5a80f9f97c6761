// "doorman init --from-realm": the section `clients` for what somebody has made before. Changes nothing in a realm.
import { existsSync, writeFileSync } from 'node:fs'
import { createRealmAdmin, type DescribedClient, describeRealm, type RealmAdmin } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { type ClientEntry, renderClientsSection } from './clients-section.ts'
import { openGround, readProvisionFile } from './ground.ts'

export interface InitFromRealmOptions {
  /** The realms of a file, by its credentials; or one realm, by that of the environment. */
  readonly place:
    | { readonly kind: 'file'; readonly file: string }
    | { readonly kind: 'realm'; readonly issuer: string; readonly adminUrl: string | null }
  /** Null: all that are neither Keycloak's own nor in a file. */
  readonly clientIds: readonly string[] | null
  /** Null: the standard output. */
  readonly out: string | null
  readonly overwrites: boolean
}

/** A realm and what a file says of it already. */
interface Source {
  /** What an entry must say of its realm; null: nothing. */
  readonly realm: string | null
  readonly admin: RealmAdmin
  readonly ownClientId: string | null
  /** Client ids with whether an entry of `clients` names them; others are the gateway's. */
  readonly inFile: ReadonlyMap<string, 'entry' | 'derived'>
}

export async function initFromRealm(
  { place, clientIds, out, overwrites }: InitFromRealmOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  if (out !== null && !overwrites && existsSync(out)) {
    throw new CommandError(`already there: ${out}; use --force to overwrite`)
  }
  const sources =
    place.kind === 'file'
      ? await openSources(place.file, terminal, env)
      : [openSource(place.issuer, place.adminUrl, env)]
  if (sources === undefined) return EXIT_CODE.configuration
  const described = await Promise.all(
    sources.map(async (source) => ({ source, ...(await describeRealm(source.admin, { ...source, clientIds })) })),
  )
  const missing = (clientIds ?? []).filter((clientId) => described.every((one) => one.missing.includes(clientId)))
  if (missing.length > 0) throw new CommandError(`not in the realm, or not to be described: ${missing.join(', ')}`)
  const entries = described.flatMap(({ source, clients }) => clients.flatMap((client) => entryOf(client, source) ?? []))
  hand(renderClientsSection(entries), entries.length, out, terminal)
  return EXIT_CODE.ok
}

function openSource(issuer: string, adminUrl: string | null, env: Environment): Source {
  const { DOORMAN_PROVISION_CLIENT_ID: clientId, DOORMAN_PROVISION_SECRET: secret } = env
  if (!clientId || !secret) {
    throw new CommandError(
      'whom is the realm to take us for? Set DOORMAN_PROVISION_CLIENT_ID and DOORMAN_PROVISION_SECRET',
    )
  }
  if (!/^https?:\/\/[^\s/]+\/(\S+\/)?realms\/[^\s/]+$/.test(issuer)) {
    throw new CommandError('--issuer: expected a realm such as https://sso.example.com/realms/main')
  }
  const admin = createRealmAdmin({
    issuer,
    adminUrl: adminUrl ?? issuer.replace(/\/realms\/[^/]+$/, ''),
    credential: { kind: 'secret', clientId, secret },
    concurrency: 8,
    timeoutSeconds: 30,
    onCall: () => undefined,
  })
  return { realm: null, admin, ownClientId: clientId, inFile: new Map() }
}

async function openSources(file: string, terminal: Terminal, env: Environment): Promise<readonly Source[] | undefined> {
  const read = readProvisionFile(file, { needsCredentials: true }, terminal, env)
  const ground = read && (await openGround({ file, onCall: () => undefined }, terminal, env))
  return ground?.realms.map(({ wanted, admin }, index) => ({
    realm: index === 0 ? null : wanted.name,
    admin,
    ownClientId: read?.provision.realms[wanted.name]?.credential.clientId ?? null,
    inFile: new Map(wanted.clients.map(({ clientId, because }) => [clientId, hasEntry(because) ? 'entry' : 'derived'])),
  }))
}

function hasEntry(because: string): boolean {
  return because.split(', ').some((reason) => /^clients\.[^.]+$/.test(reason))
}

function entryOf(
  { clientId, section, remarks, isIncomplete }: DescribedClient,
  { realm, inFile }: Source,
): ClientEntry | undefined {
  const standing = inFile.get(clientId)
  if (standing === 'entry') return undefined
  const { adopt = false, ...rest } = section
  const place = realm === null ? {} : { realm }
  if (standing === undefined) return { clientId, section: { ...place, adopt, ...rest }, remarks, isIncomplete }
  const remark = 'the gateway needs it: the file says elsewhere how it must be'
  return { clientId, section: { ...place, adopt }, remarks: [remark], isIncomplete: false }
}

function hand(text: string, count: number, out: string | null, terminal: Terminal): void {
  if (out === null) terminal.print(text.trimEnd())
  else writeFileSync(out, text)
  const where = out === null ? '' : ` in ${out}`
  terminal.tell(`${count} ${count === 1 ? 'client' : 'clients'}${where}; put them into the file, then: doorman plan`)
}
