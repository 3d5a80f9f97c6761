// A Secret in one namespace, and the workloads that read it. How a cluster is spoken to is not known here.
import type { WantedDelivery, Workload } from '../wanted/wanted.ts'
import type { ClusterContent, DeliveryTools, Place } from './delivery.ts'
import { isRandom, notesOf, renderShape, type SecretValues } from './values.ts'

type ClusterDelivery = Extract<WantedDelivery, { kind: 'kubernetes' }>

export function createClusterPlace(delivery: ClusterDelivery, namespace: string, tools: DeliveryTools): Place {
  const { name, keys, labels, restart } = delivery

  async function build(values: SecretValues): Promise<ClusterContent> {
    const keeps = Object.values(keys).some(isRandom)
    const held = keeps ? await tools.openCluster().readSecret(namespace, name) : undefined
    return { namespace, name, labels, owner: tools.owner, data: renderShape(keys, values, held ?? {}) }
  }

  async function restartAll({ data }: ClusterContent): Promise<readonly string[]> {
    const restarted: string[] = []
    for (const workload of restart) {
      const outcome = await tools.openCluster().restart({ namespace, workload, secret: name, data })
      if (outcome === 'restarted') restarted.push(describe(workload, namespace))
    }
    return restarted
  }

  return {
    name: `Secret ${name} in ${namespace}`,
    keys: Object.keys(keys),
    compare: async (values) => tools.openCluster().compareSecret(await build(values)),
    async write(values) {
      const content = await build(values)
      const outcome = await tools.openCluster().applySecret(content)
      // Also when nothing was written: an earlier run may have been stopped before it came to this.
      return { outcome, restarted: await restartAll(content), notes: notesOf(keys, content.data) }
    },
  }
}

function describe({ kind, name }: Workload, namespace: string): string {
  return `${kind} ${name} in ${namespace}`
}
