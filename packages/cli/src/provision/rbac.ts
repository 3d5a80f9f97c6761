// "doorman rbac": what a service account must be allowed to do, for somebody who may allow it. Calls nobody.
import { renderRbac } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import type { Terminal } from '../terminal.ts'
import { openGround } from './ground.ts'

export interface RbacOptions {
  readonly file: string
  readonly namespace: string
  readonly serviceAccount: string
}

export async function rbac(options: RbacOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const ground = await openGround({ file: options.file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  const clients = ground.wanted.realms.flatMap((realm) => realm.clients)
  const manifests = renderRbac(
    clients.flatMap(({ deliver }) => deliver),
    options,
  )
  if (manifests === '') terminal.tell('No client is delivered to a cluster: no rights are needed.')
  else terminal.print(manifests.trimEnd())
  return EXIT_CODE.ok
}
