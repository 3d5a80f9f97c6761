// A Kubernetes cluster, as far as we use it: Secrets of our own, and the pods that read them.
import type { SecretOutcome } from './apply-secret.ts'
import type { ConnectionOptions } from './connection.ts'
import type { ClusterRight } from './rights.ts'
import type { RestartOutcome, RestartRequest } from './rollout.ts'
import type { ClusterSecret } from './secret.ts'

export interface ClusterOptions {
  /**
   * Paths of kubeconfigs, as the variable KUBECONFIG has them. Null: `~/.kube/config`, and where there is none the pod's
   * own service account.
   */
  readonly kubeconfig: string | null
  /** The context of the kubeconfig; null: its current one. */
  readonly context: string | null
  /** Limit of one call. */
  readonly timeoutSeconds: number
}

/**
 * All reject with `ERR_CLUSTER_UNREACHABLE` (none is configured, network, timeout, 429 and 5xx, after repetitions),
 * `ERR_CLUSTER_FORBIDDEN` (401 and 403; `detail.verbs`, `resource`, `namespace` and `name` say what is missing),
 * `ERR_TRUST_INVALID` (its CA bundle cannot be read, or it is not to be verified), `ERR_DELIVERY_FAILED` (other answers).
 */
export interface Cluster {
  /** Asks for its version, so that a cluster that cannot be had is known before anything is changed. */
  reach(): Promise<{ readonly server: string; readonly version: string }>
  /** Those of the rights that we do not have. */
  lacks(rights: readonly ClusterRight[]): Promise<readonly ClusterRight[]>
  /**
   * Server-side apply with the field manager `doorman`. Keys of ours that are no longer wanted go; keys that others have
   * added stay. Writes nothing when nothing differs. A Secret without the owner's mark is left alone:
   * `ERR_DELIVERY_FAILED`, with who manages it in `detail.managers`.
   * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
   */
  applySecret(secret: ClusterSecret): Promise<SecretOutcome>
  /** What a Secret holds, whoever it belongs to; undefined where there is none. */
  readSecret(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined>
  /** What `applySecret` would do, by reading alone. */
  compareSecret(secret: ClusterSecret): Promise<SecretOutcome>
  /** Replaces the pods of a workload, unless they are those of this content already. */
  restart(request: RestartRequest): Promise<RestartOutcome>
}

/** Nothing is read and nobody is called before the first use. */
export function createCluster(options: ClusterOptions): Cluster {
  let rooms: ReturnType<typeof open> | undefined
  const opened = () => {
    rooms ??= open(options)
    return rooms
  }
  return {
    async reach() {
      const { connection } = await opened()
      const call = { what: 'ask for its version', rights: [], secrets: [] }
      const { gitVersion } = await connection.ask(call, ({ version }) => version.getCode())
      return { server: connection.server, version: gitVersion }
    },
    lacks: async (rights) => (await opened()).connection.lacks(rights),
    async applySecret(secret) {
      const { connection, applySecret } = await opened()
      return applySecret(connection, secret)
    },
    async readSecret(namespace, name) {
      const { connection, readData } = await opened()
      return readData(connection, namespace, name)
    },
    async compareSecret(secret) {
      const { connection, compareWithCluster } = await opened()
      return compareWithCluster(connection, secret)
    },
    async restart(request) {
      const { connection, restartWorkload } = await opened()
      return restartWorkload(connection, request)
    },
  }
}

/** The library is large: whoever delivers nothing to a cluster does without it. */
async function open(options: ConnectionOptions) {
  const { connect } = await import('./connection.ts')
  const { applySecret, compareWithCluster, readData } = await import('./apply-secret.ts')
  const { restartWorkload } = await import('./rollout.ts')
  return { connection: connect(options), applySecret, compareWithCluster, readData, restartWorkload }
}
