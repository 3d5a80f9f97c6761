// What deliveries need to be allowed to do, one right at a time: `doorman rbac` prints them, refusals name them.
import type { WantedDelivery, Workload } from '../wanted/wanted.ts'

export interface ClusterRight {
  readonly verb: 'get' | 'create' | 'patch'
  /** The API group; `''` is the core. */
  readonly group: '' | 'apps'
  readonly resource: 'secrets' | 'deployments' | 'statefulsets' | 'daemonsets'
  readonly namespace: string
  readonly name: string
}

const RESOURCES = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' } as const

/** Exactly those without which one of the deliveries fails. */
export function neededRights(deliveries: readonly WantedDelivery[]): readonly ClusterRight[] {
  const rights = deliveries
    .filter((delivery) => delivery.kind === 'kubernetes')
    .flatMap(({ namespaces, name, restart }) =>
      namespaces.flatMap((namespace) => [
        ...secretRights(namespace, name),
        ...restart.flatMap((workload) => workloadRights(namespace, workload)),
      ]),
    )
  return [...new Map(rights.map((right) => [JSON.stringify(right), right])).values()]
}

/** Creation by server-side apply is authorized by name, unlike creation by POST, and takes the right to patch as well. */
export function secretRights(namespace: string, name: string): readonly ClusterRight[] {
  return (['get', 'create', 'patch'] as const).map((verb) => ({
    verb,
    group: '',
    resource: 'secrets',
    namespace,
    name,
  }))
}

export function workloadRights(namespace: string, { kind, name }: Workload): readonly ClusterRight[] {
  return (['get', 'patch'] as const).map((verb) => ({
    verb,
    group: 'apps',
    resource: RESOURCES[kind],
    namespace,
    name,
  }))
}
