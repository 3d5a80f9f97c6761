// A command and everything it starts, which end together.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

const CLOSE_SECONDS = 10
const POLL_MILLISECONDS = 50

export interface ProcessGroup {
  readonly child: ChildProcess
  /** Ends every process of it. The first may be gone before the others. */
  close(): Promise<void>
}

/** A line for the shell, whose outputs are pipes. It ends with this process, too. */
export function startGroup(line: string, options: Pick<SpawnOptions, 'cwd' | 'env'>): ProcessGroup {
  const child = spawn(line, { ...options, shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const endWithUs = () => void signal(child.pid ?? 0, 'SIGKILL')
  process.on('exit', endWithUs)
  return {
    child,
    async close() {
      await endGroup(child)
      process.off('exit', endWithUs)
    },
  }
}

async function endGroup({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return
  const deadline = performance.now() + CLOSE_SECONDS * 1000
  for (let isThere = signal(pid, 'SIGTERM'); isThere; isThere = signal(pid, 0)) {
    if (performance.now() > deadline) return void signal(pid, 'SIGKILL')
    await delay(POLL_MILLISECONDS)
  }
}

function signal(group: number, name: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return group > 0 && process.kill(-group, name)
  } catch {
    return false
  }
}
