// Writes a Secret when it is absent, or ours and different; leaves everybody else's alone.
import type { V1Secret } from '@kubernetes/client-node'
import { ProvisionError } from '../errors.ts'
import { OWNER_ATTRIBUTE } from '../wanted/wanted.ts'
import type { ClusterCall } from './cluster-error.ts'
import type { Connection } from './connection.ts'
import { CONFLICT, patchSecret, readSecret } from './objects.ts'
import { secretRights } from './rights.ts'
import { buildSecret, type ClusterSecret, compareSecret, decodeData, encode, type SecretStanding } from './secret.ts'

export type SecretOutcome = 'created' | 'updated' | 'unchanged'

type NamedSecret = Pick<ClusterSecret, 'namespace' | 'name' | 'data'>

/** Somebody else may make, delete or mark it between our reading and our writing: then it is looked at again. */
const ATTEMPTS = 3

export async function applySecret(connection: Connection, secret: ClusterSecret): Promise<SecretOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const standing = await standingOf(connection, secret)
    const outcome = outcomeOf(standing, secret)
    if (outcome === 'unchanged') return outcome
    const uid = standing.kind === 'differs' ? standing.uid : null
    const written = await connection.ask(callOf('write', secret), (apis) =>
      patchSecret(apis, buildSecret(secret, uid), { isForced: uid !== null }),
    )
    if (written !== CONFLICT) return outcome
    if (attempt >= ATTEMPTS) throw contended(secret)
  }
}

export async function compareWithCluster(connection: Connection, secret: ClusterSecret): Promise<SecretOutcome> {
  return outcomeOf(await standingOf(connection, secret), secret)
}

/** What a Secret holds, whoever it belongs to; undefined where there is none. */
export async function readData(connection: Connection, namespace: string, name: string) {
  const found = await find(connection, { namespace, name, data: {} })
  return found && decodeData(found)
}

async function standingOf(connection: Connection, secret: ClusterSecret): Promise<SecretStanding> {
  return compareSecret(secret, await find(connection, secret))
}

function find(connection: Connection, secret: NamedSecret): Promise<V1Secret | undefined> {
  return connection.ask(callOf('read', secret), (apis) => readSecret(apis, secret.namespace, secret.name))
}

function outcomeOf(standing: SecretStanding, secret: ClusterSecret): SecretOutcome {
  if (standing.kind === 'foreign') throw foreign(standing, secret)
  if (standing.kind === 'same') return 'unchanged'
  return standing.kind === 'absent' ? 'created' : 'updated'
}

function callOf(verb: 'read' | 'write', { namespace, name, data }: NamedSecret): ClusterCall {
  const rights = secretRights(namespace, name).filter((right) => (right.verb === 'get') === (verb === 'read'))
  const values = Object.values(data)
  return { what: `${verb} Secret ${name} in ${namespace}`, rights, secrets: [...values, ...values.map(encode)] }
}

function foreign(
  { owner, managers }: Extract<SecretStanding, { kind: 'foreign' }>,
  { namespace, name, owner: wanted }: ClusterSecret,
): ProvisionError {
  const whose = owner === null ? `is managed by ${managers.join(', ')}` : `belongs to ${owner}`
  const text = `Secret ${name} in ${namespace} ${whose} and is left alone`
  const remedy = `choose another name, delete it, or hand it over: kubectl -n ${namespace} annotate --overwrite secret ${name} ${OWNER_ATTRIBUTE}=${wanted}`
  return new ProvisionError('ERR_DELIVERY_FAILED', text, {
    reason: 'foreign',
    namespace,
    name,
    managers,
    owner,
    remedy,
  })
}

function contended({ namespace, name }: ClusterSecret): ProvisionError {
  const text = `Secret ${name} in ${namespace} is being changed by somebody else at the same time`
  return new ProvisionError('ERR_DELIVERY_FAILED', text, { reason: 'conflict', namespace, name })
}
