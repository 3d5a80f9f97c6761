// The servers run compiled, as they ship: stripping types in the process would cost it 17 MiB.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROJECTS = [
  'packages/resource-server/tsconfig.build.json',
  'packages/gateway/tsconfig.build.json',
  'bench/tsconfig.build.json',
]

export function compileServers(): void {
  for (const project of PROJECTS) {
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${project} does not compile\n${stdout}`)
  }
}
