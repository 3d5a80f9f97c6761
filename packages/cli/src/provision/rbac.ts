// "doorman rbac": what a service account must be allowed to do, for somebody who may allow it. Calls nobody.
import { renderRbac } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import type { Terminal } from '../terminal.ts'
import { readProvisionFile } from './ground.ts'

export interface RbacOptions {
  readonly file: string
  readonly namespace: string
  readonly serviceAccount: string
}

export function rbac(options: RbacOptions, terminal: Terminal, env: Environment): ExitCode {
  const read = readProvisionFile(options.file, { needsCredentials: false }, terminal, env)
  if (read === undefined) return EXIT_CODE.configuration
  const clients = read.wanted.realms.flatMap((realm) => realm.clients)
  const manifests = renderRbac(
    clients.flatMap(({ deliver }) => deliver),
    options,
  )
  if (manifests === '') terminal.tell('No client is delivered to a cluster: no rights are needed.')
  else terminal.print(manifests.trimEnd())
  return EXIT_CODE.ok
}
