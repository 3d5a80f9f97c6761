// The programs of a real Kubernetes API server: those of DOORMAN_KUBERNETES, or built from Go modules, once per machine.
// They are made in a temporary folder beside their place, which is renamed, so that a cache is whole or absent.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findGo, type Go } from './go-toolchain.ts'

export const KUBERNETES_VERSION = '1.36.3'

const MODULE_DIRECTORY = fileURLToPath(new URL('kubernetes-build/', import.meta.url))
const PROGRAMS = ['etcd', 'kube-apiserver'] as const
const [MAJOR, MINOR] = KUBERNETES_VERSION.split('.')
const VERSION_VARIABLE = 'k8s.io/component-base/version.git'
const BUILDS: Readonly<Record<(typeof PROGRAMS)[number], { readonly package: string; readonly linker: string }>> = {
  etcd: { package: 'go.etcd.io/etcd/server/v3', linker: '-s -w' },
  'kube-apiserver': {
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    linker: `-s -w -X ${VERSION_VARIABLE}Version=v${KUBERNETES_VERSION} -X ${VERSION_VARIABLE}Major=${MAJOR} -X ${VERSION_VARIABLE}Minor=${MINOR}`,
  },
}

/** The folder of `etcd` and `kube-apiserver`; undefined where they have not been built yet. */
export function findKubernetes(): string | undefined {
  const folders = [process.env.DOORMAN_KUBERNETES || undefined, cacheDirectory()]
  return folders.find((folder) => folder !== undefined && PROGRAMS.every((name) => existsSync(join(folder, name))))
}

/** Builds the two where they are missing: 5 to 10 minutes on two cores. Rejects where there is no Go, or it fails. */
export async function prepareKubernetes(tell: (line: string) => void): Promise<string> {
  const found = findKubernetes()
  if (found !== undefined) return found
  const go = await findGo()
  const directory = cacheDirectory()
  await mkdir(dirname(directory), { recursive: true })
  const temporary = await mkdtemp(`${directory}-`)
  try {
    for (const name of PROGRAMS) await build(go, name, join(temporary, name), tell)
    await rename(temporary, directory).catch((error: unknown) => {
      // Another process was faster.
      if (findKubernetes() === undefined) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return directory
}

async function build(
  go: Go,
  name: (typeof PROGRAMS)[number],
  output: string,
  tell: (line: string) => void,
): Promise<void> {
  const startedAt = performance.now()
  tell(`… building ${name} for Kubernetes ${KUBERNETES_VERSION} from Go modules`)
  const { package: path, linker } = BUILDS[name]
  const args = ['build', '-mod=readonly', '-trimpath', '-ldflags', linker, '-o', output, path]
  const env = { ...process.env, ...go.env, CGO_ENABLED: '0' }
  const child = spawn(go.file, args, { cwd: MODULE_DIRECTORY, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`go build ${path} failed`)
  tell(`✔ building ${name}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
}

/** Outside the repository, so that a fresh clone finds it; named after everything that goes into it. */
function cacheDirectory(): string {
  const cache = process.env.DOORMAN_CACHE || join(homedir(), '.cache', 'doorman')
  const parts = [JSON.stringify(BUILDS), readFileSync(join(MODULE_DIRECTORY, 'go.sum'), 'utf8')]
  const hash = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
  return join(cache, `kubernetes-${KUBERNETES_VERSION}-${hash}`)
}
