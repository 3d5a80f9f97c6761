// The roles that let a service account do exactly what the file's deliveries need, in each namespace they go to. Pure.
import type { WantedDelivery } from '../wanted/wanted.ts'
import { type ClusterRight, neededRights } from './rights.ts'
import { renderYaml, type Yaml } from './yaml.ts'

export interface Account {
  readonly namespace: string
  readonly serviceAccount: string
}

const RBAC = 'rbac.authorization.k8s.io'
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'doorman' }

/** A Role and a RoleBinding for each namespace; none where nothing is delivered to a cluster. */
export function buildRbac(deliveries: readonly WantedDelivery[], account: Account): readonly Yaml[] {
  const rights = neededRights(deliveries)
  const namespaces = [...new Set(rights.map(({ namespace }) => namespace))].sort()
  return namespaces.flatMap((namespace) => {
    const own = rights.filter((right) => right.namespace === namespace)
    return [buildRole(namespace, own, account), buildRoleBinding(namespace, account)]
  })
}

/** As one YAML stream, for `kubectl apply -f -`. */
export function renderRbac(deliveries: readonly WantedDelivery[], account: Account): string {
  return buildRbac(deliveries, account)
    .map((manifest) => `---\n${renderYaml(manifest)}`)
    .join('')
}

function buildRole(namespace: string, rights: readonly ClusterRight[], account: Account): Yaml {
  const kinds = [...new Set(rights.map(({ resource }) => resource))]
  const rules = kinds.map((kind) => buildRule(rights.filter(({ resource }) => resource === kind)))
  return { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: metadataOf(namespace, account), rules }
}

/** Of one resource, whose objects all need the same verbs. A rule without names would allow every name. */
function buildRule(rights: readonly ClusterRight[]): Yaml {
  return {
    apiGroups: [...new Set(rights.map(({ group }) => group))],
    resources: [...new Set(rights.map(({ resource }) => resource))],
    resourceNames: [...new Set(rights.map(({ name }) => name))].sort(),
    verbs: [...new Set(rights.map(({ verb }) => verb))],
  }
}

function buildRoleBinding(namespace: string, account: Account): Yaml {
  const metadata = metadataOf(namespace, account)
  const subject = { kind: 'ServiceAccount', namespace: account.namespace, name: account.serviceAccount }
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name: metadata.name },
    subjects: [subject],
  }
}

/** Named after the service account: two of them may deliver to one namespace. */
function metadataOf(namespace: string, account: Account) {
  return { name: `doorman:${account.namespace}:${account.serviceAccount}`, namespace, labels: MANAGED_BY }
}
