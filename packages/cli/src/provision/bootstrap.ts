// "doorman bootstrap": the account that plans and applies, made once by an administrator.
import {
  type AdminCredential,
  bootstrapRealm,
  buildSecretValues,
  createRealmAdmin,
  deliver,
  type Provisioner,
  type ProvisionerUse,
  serverUrlOf,
  useAuthorities,
  type WantedRealm,
} from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { type Administrator, readAdministrator } from './bootstrap-credential.ts'
import { type ProvisionFile, readProvisionFile } from './ground.ts'

export interface BootstrapOptions {
  readonly file: string
  /** The key of `realms`; null: the login realm. */
  readonly realm: string | null
  /** Null: what the file says, or the usual one. */
  readonly clientId: string | null
  readonly use: ProvisionerUse
  readonly administrator: Administrator
  /** Where the secret goes; null: to the standard output. */
  readonly envFile: string | null
  readonly variable: string
  /** The standard output is no terminal. */
  readonly hasPipe: boolean
}

interface Place {
  readonly name: string
  readonly wanted: WantedRealm
  readonly adminUrl: string
  readonly clientId: string
}

const USUAL_CLIENT_ID = 'doorman-provisioner'

export async function bootstrap(options: BootstrapOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const read = readProvisionFile(options.file, { needsCredentials: false }, terminal, env)
  if (read === undefined) return EXIT_CODE.configuration
  const place = findPlace(options, read)
  checkDestination(options, env)
  useAuthorities(read.config.tls.ca)
  const admin = openAdmin(place, await readAdministrator(options.administrator, terminal, env), read)
  const { wanted, clientId } = place
  const account = await bootstrapRealm({ admin, wanted, clientId, use: options.use })
  describe(account, place, terminal)
  await handOver(account, place, options, terminal)
  return EXIT_CODE.ok
}

function findPlace({ realm, clientId }: BootstrapOptions, { config, provision, wanted }: ProvisionFile): Place {
  const name = realm ?? config.loginRealm
  const settings = config.realms[name]
  const wantedRealm = wanted.realms.find(({ issuer }) => issuer === settings?.issuer)
  if (settings === undefined || wantedRealm === undefined) {
    throw new CommandError(
      `${name} is no Keycloak realm of the configuration: ${Object.keys(config.realms).join(', ')}`,
    )
  }
  const section = provision.realms[name]
  return {
    name,
    wanted: wantedRealm,
    adminUrl: section?.adminUrl ?? serverUrlOf(settings),
    clientId: clientId ?? section?.credential.clientId ?? USUAL_CLIENT_ID,
  }
}

/** Before anything is made. What a pod prints is kept in a log. */
function checkDestination({ envFile, hasPipe }: BootstrapOptions, env: Environment): void {
  if (envFile !== null) return
  if (!hasPipe) throw new CommandError('a secret is not shown on a terminal: use --out FILE, or a pipe')
  if (env.KUBERNETES_SERVICE_HOST) throw new CommandError('what a pod prints is logged: use --out FILE')
}

function openAdmin({ wanted, adminUrl }: Place, credential: AdminCredential, { provision }: ProvisionFile) {
  const { concurrency, timeout } = provision
  const onCall = () => undefined
  return createRealmAdmin({
    issuer: wanted.issuer,
    adminUrl,
    credential,
    concurrency,
    timeoutSeconds: timeout,
    onCall,
  })
}

function describe({ clientId, roles, summary }: Provisioner, { name, wanted }: Place, terminal: Terminal): void {
  const state = summary.calls.writes === 0 ? 'is as it should be' : 'is ready'
  terminal.tell(`${clientId} in ${wanted.realm} ${state}, with ${roles.join(', ')}`)
  if (roles.includes('manage-clients')) {
    terminal.tell('Guard its secret like that of an administrator of the realm: it makes and reads every client.')
  }
  terminal.tell(`The configuration names it at provision.realms.${name}.credential`)
}

async function handOver(
  { clientId, secret }: Provisioner,
  { wanted: { issuer }, adminUrl }: Place,
  { envFile, variable }: BootstrapOptions,
  terminal: Terminal,
): Promise<void> {
  if (envFile === null) {
    terminal.print(secret)
    return
  }
  const values = buildSecretValues({
    clientId,
    clientSecret: secret,
    issuer,
    internalUrl: adminUrl,
    redirectUris: [],
  })
  const place = { kind: 'env-file', path: envFile, keys: { [variable]: '{{clientSecret}}' } } as const
  const [result] = await deliver([place], values, { folder: process.cwd(), owner: 'bootstrap', ...NO_CLUSTER })
  if (result?.kind === 'failed') throw result.error
  terminal.tell(`${envFile}: ${variable} ${result?.outcome}`)
}

const NO_CLUSTER = {
  openCluster: () => {
    throw new TypeError('A file is no cluster')
  },
  commandTimeoutSeconds: 0,
}
