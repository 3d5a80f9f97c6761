import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Node's own `require`, from the folder the application runs in: bundlers neither follow nor copy what it loads. */
export function requireOfApplication(): NodeJS.Require {
  return createRequire(join(process.cwd(), 'package.json'))
}
