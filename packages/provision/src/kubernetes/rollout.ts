// Replaces the pods that read a Secret when its content is another one: by an annotation of the pods, as
// `kubectl rollout restart` does it, but with the content's hash, so that doing it again does nothing.
import { createHash } from 'node:crypto'
import type { Workload } from '../wanted/wanted.ts'
import type { ClusterCall } from './cluster-error.ts'
import type { Connection } from './connection.ts'
import { annotatePods, readWorkload } from './objects.ts'
import { workloadRights } from './rights.ts'
import { hashSecret } from './secret.ts'

export interface RestartRequest {
  readonly namespace: string
  readonly workload: Workload
  /** The name of the Secret that its pods read, and its content. */
  readonly secret: string
  readonly data: Readonly<Record<string, string>>
}

/** `absent`: the workload is not there yet, and its first pods will read the Secret as it is. */
export type RestartOutcome = 'restarted' | 'unchanged' | 'absent'

const MAX_NAME_LENGTH = 63

export async function restartWorkload(connection: Connection, request: RestartRequest): Promise<RestartOutcome> {
  const { namespace, workload, secret, data } = request
  const found = await connection.ask(callOf('get', request), (apis) => readWorkload(apis, namespace, workload))
  if (found === undefined) return 'absent'
  const [annotation, hash] = [annotationOf(secret), hashSecret(data)]
  if (found.spec?.template.metadata?.annotations?.[annotation] === hash) return 'unchanged'
  const patched = await connection.ask(callOf('patch', request), (apis) =>
    annotatePods(apis, namespace, workload, { [annotation]: hash }),
  )
  return patched === undefined ? 'absent' : 'restarted'
}

/** One for each Secret, so that a workload may read several. */
function annotationOf(secret: string): string {
  const name =
    secret.length <= MAX_NAME_LENGTH ? secret : createHash('sha256').update(secret).digest('hex').slice(0, 32)
  return `doorman.secret/${name}`
}

function callOf(verb: 'get' | 'patch', { namespace, workload }: RestartRequest): ClusterCall {
  const rights = workloadRights(namespace, workload).filter((right) => right.verb === verb)
  const words = verb === 'get' ? 'read' : 'restart'
  return { what: `${words} ${workload.kind} ${workload.name} in ${namespace}`, rights, secrets: [] }
}
