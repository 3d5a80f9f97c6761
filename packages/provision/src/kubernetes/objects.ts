// The calls to single objects. Absence and conflict are values; everything else is thrown as the library throws it.
import {
  PatchStrategy,
  setHeaderOptions,
  type V1DaemonSet,
  type V1Deployment,
  type V1Secret,
  type V1StatefulSet,
} from '@kubernetes/client-node'
import type { Workload } from '../wanted/wanted.ts'
import { invalidFields, statusReason } from './cluster-error.ts'
import type { ClusterApis } from './connection.ts'
import { type buildSecret, FIELD_MANAGER } from './secret.ts'

export type WorkloadObject = V1Deployment | V1StatefulSet | V1DaemonSet

export const CONFLICT = Symbol('conflict')

export async function readSecret(apis: ClusterApis, namespace: string, name: string): Promise<V1Secret | undefined> {
  return apis.core.readNamespacedSecret({ namespace, name }).catch(absent)
}

/** Forced, fields of other managers become ours; otherwise they are a conflict. */
export async function patchSecret(
  { core }: ClusterApis,
  body: ReturnType<typeof buildSecret>,
  { isForced }: { readonly isForced: boolean },
): Promise<V1Secret | typeof CONFLICT> {
  const { namespace, name } = body.metadata
  const request = { namespace, name, body, fieldManager: FIELD_MANAGER, force: isForced }
  return core.patchNamespacedSecret(request, contentType(PatchStrategy.ServerSideApply)).catch((error: unknown) => {
    if (isConflict(error)) return CONFLICT
    throw error
  })
}

export async function readWorkload(
  { apps }: ClusterApis,
  namespace: string,
  { kind, name }: Workload,
): Promise<WorkloadObject | undefined> {
  const place = { namespace, name }
  if (kind === 'Deployment') return apps.readNamespacedDeployment(place).catch(absent)
  if (kind === 'StatefulSet') return apps.readNamespacedStatefulSet(place).catch(absent)
  return apps.readNamespacedDaemonSet(place).catch(absent)
}

/** A merge: a server-side apply would take back what we have set for another Secret of the same pods. */
export async function annotatePods(
  { apps }: ClusterApis,
  namespace: string,
  { kind, name }: Workload,
  annotations: Readonly<Record<string, string>>,
): Promise<WorkloadObject | undefined> {
  const body = { spec: { template: { metadata: { annotations } } } }
  const request = { namespace, name, body, fieldManager: FIELD_MANAGER }
  const type = contentType(PatchStrategy.MergePatch)
  if (kind === 'Deployment') return apps.patchNamespacedDeployment(request, type).catch(absent)
  if (kind === 'StatefulSet') return apps.patchNamespacedStatefulSet(request, type).catch(absent)
  return apps.patchNamespacedDaemonSet(request, type).catch(absent)
}

function contentType(strategy: PatchStrategy) {
  return setHeaderOptions('Content-Type', strategy)
}

/** A 404 without Kubernetes' own reason comes from whatever else answers there. */
function absent(error: unknown): undefined {
  if (statusReason(error) !== 'NotFound') throw error
}

/** A uid that is not there any more is a conflict; one of an object made anew since is an invalid change of it. */
function isConflict(error: unknown): boolean {
  return statusReason(error) === 'Conflict' || invalidFields(error).includes('metadata.uid')
}
