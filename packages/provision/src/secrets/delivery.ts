// A place that a secret is delivered to, and what became of it. Told by names of places and keys; values stay inside.
import type { ProvisionError } from '../errors.ts'
import type { Workload } from '../wanted/wanted.ts'
import type { KeyedValues, SecretValues } from './values.ts'

/** `ran`: a command was given it; nobody can ask a command what it holds. */
export type DeliveryOutcome = 'created' | 'updated' | 'unchanged' | 'ran'

export interface Delivered {
  readonly outcome: DeliveryOutcome
  /** What was replaced because it reads this, such as `Deployment mlflow in ml`. */
  readonly restarted: readonly string[]
  /** What whoever reads the place has to know. */
  readonly notes: readonly string[]
}

export interface Place {
  /** Such as `Secret mlflow-oidc in ml` or `file ./mlflow.env`. */
  readonly name: string
  /** What consumers find there; empty for a file by one template. */
  readonly keys: readonly string[]
  /** What `write` would do, by reading alone. */
  compare(values: SecretValues): Promise<DeliveryOutcome>
  write(values: SecretValues): Promise<Delivered>
}

/** What we need of a Kubernetes cluster. */
export interface SecretCluster {
  /** Undefined: there is no such Secret. Asked only where a template keeps what is there. */
  readSecret(namespace: string, name: string): Promise<KeyedValues | undefined>
  applySecret(secret: ClusterContent): Promise<'created' | 'updated' | 'unchanged'>
  compareSecret(secret: ClusterContent): Promise<'created' | 'updated' | 'unchanged'>
  restart(request: ClusterRestart): Promise<'restarted' | 'unchanged' | 'absent'>
}

export interface ClusterContent {
  readonly namespace: string
  readonly name: string
  readonly data: KeyedValues
  readonly labels: Readonly<Record<string, string>>
  readonly owner: string
}

export interface ClusterRestart {
  readonly namespace: string
  readonly workload: Workload
  /** The name of the Secret that its pods read, and its content. */
  readonly secret: string
  readonly data: KeyedValues
}

export interface DeliveryTools {
  /** What relative paths are relative to: the folder of the configuration. */
  readonly folder: string
  /** `Wanted.owner`. */
  readonly owner: string
  /** Called only where something is delivered to a cluster. */
  openCluster(): SecretCluster
  /** Limit of one command. */
  readonly commandTimeoutSeconds: number
}

export type DeliveryResult =
  | ({ readonly kind: 'delivered'; readonly place: string; readonly keys: readonly string[] } & Delivered)
  | {
      readonly kind: 'failed'
      readonly place: string
      readonly keys: readonly string[]
      readonly error: ProvisionError
    }
