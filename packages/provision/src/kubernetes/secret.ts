// Our Secrets: what they look like, whose they are, and whether they differ. No I/O.
import { createHash } from 'node:crypto'
import type { V1ManagedFieldsEntry, V1Secret } from '@kubernetes/client-node'
import { OWNER_ATTRIBUTE } from '../wanted/wanted.ts'

export interface ClusterSecret {
  readonly namespace: string
  readonly name: string
  /** Keys and their values, as consumers read them. */
  readonly data: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** `Wanted.owner`: without this mark a Secret is not ours. */
  readonly owner: string
}

export type SecretStanding =
  | { readonly kind: 'absent' }
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly uid: string }
  /** `owner` is that of another Doorman; null for none. */
  | { readonly kind: 'foreign'; readonly owner: string | null; readonly managers: readonly string[] }

export const FIELD_MANAGER = 'doorman'
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'doorman' }

/**
 * A fingerprint of the content, for the pods that read it. Everybody who may read pods sees it: it gives nothing away as
 * long as one of the values cannot be guessed, such as a client's secret.
 */
export function hashSecret(data: Readonly<Record<string, string>>): string {
  const entries = Object.entries(data).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 16)
}

/**
 * For a server-side apply. `data` and not `stringData`: fields sent as `stringData` are recorded under that name, and a
 * key that is left out later would stay. With a uid it changes only that very Secret.
 */
export function buildSecret(secret: ClusterSecret, uid: string | null) {
  const { namespace, name, data, owner } = secret
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name,
      namespace,
      labels: labelsOf(secret),
      annotations: { [OWNER_ATTRIBUTE]: owner },
      ...(uid === null ? {} : { uid }),
    },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encode(value)])),
  }
}

export function compareSecret(secret: ClusterSecret, found: V1Secret | undefined): SecretStanding {
  if (found === undefined) return { kind: 'absent' }
  const { metadata = {}, data = {} } = found
  const owner = metadata.annotations?.[OWNER_ATTRIBUTE] ?? null
  const entries = metadata.managedFields ?? []
  if (owner !== secret.owner) return { kind: 'foreign', owner, managers: managersOf(entries) }
  const own = ownFields(entries)
  const isSame =
    holds(data, buildSecret(secret, null).data, own.data) && holds(metadata.labels ?? {}, labelsOf(secret), own.labels)
  return isSame ? { kind: 'same' } : { kind: 'differs', uid: metadata.uid ?? '' }
}

type Fields = Readonly<Record<string, string>>

/** All of the wanted fields, owned by us, and no further one of ours. */
function holds(found: Fields, wanted: Fields, own: readonly string[]): boolean {
  const keys = Object.keys(wanted)
  return own.length === keys.length && keys.every((key) => own.includes(key) && found[key] === wanted[key])
}

function labelsOf({ labels }: ClusterSecret): Fields {
  return { ...MANAGED_BY, ...labels }
}

/** What earlier applies of ours have set, and nobody else has changed since. */
function ownFields(entries: readonly V1ManagedFieldsEntry[]) {
  const ours = entries.find(({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Apply')
  return {
    data: fieldNames(ours?.fieldsV1, ['f:data']),
    labels: fieldNames(ours?.fieldsV1, ['f:metadata', 'f:labels']),
  }
}

function fieldNames(fields: unknown, path: readonly string[]): readonly string[] {
  const object = path.reduce<unknown>((inner, step) => (isObject(inner) ? inner[step] : undefined), fields)
  if (!isObject(object)) return []
  return Object.keys(object)
    .filter((key) => key.startsWith('f:'))
    .map((key) => key.slice(2))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function managersOf(entries: readonly V1ManagedFieldsEntry[]): readonly string[] {
  return [...new Set(entries.map(({ manager }) => manager ?? 'unknown'))]
}

export function decodeData({ data = {} }: V1Secret): Fields {
  const decode = (value: string) => Buffer.from(value, 'base64').toString('utf8')
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]))
}

export function encode(value: string): string {
  return Buffer.from(value, 'utf8').toString('base64')
}
