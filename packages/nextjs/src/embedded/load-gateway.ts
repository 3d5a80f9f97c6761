// The gateway is loaded by Node itself, at the first request. A bundler would look into its stores, take it for half of
// the file system, and give every part of the application a copy of its own.
import { createRequire } from 'node:module'
import { requireOfApplication } from '../application-require.ts'

type Embedded = typeof import('@doorman/gateway/embedded')

/** As this package itself would find it, whatever a package manager has put where. */
export function loadGateway(): Embedded {
  const nextjs = createRequire(requireOfApplication().resolve('@doorman/nextjs/package.json'))
  return nextjs('@doorman/gateway/embedded')
}
