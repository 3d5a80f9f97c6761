// A stage whose gateways are processes: they share nothing but the file, and can be killed.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { GatewayReport } from './gateway-worker.ts'
import { type Ground, openGround, type StageOptions } from './stage.ts'

export interface GatewayProcess {
  readonly port: number
  /** The next report of a kind from now on. Rejects when the process ends first. */
  next<K extends GatewayReport['kind']>(kind: K): Promise<Extract<GatewayReport, { readonly kind: K }>>
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** Resolves with the exit code, or with the signal that ended the process. */
  ended(): Promise<number | NodeJS.Signals | null>
}

export interface ProcessStage extends Ground {
  /** Starts one more gateway; connections go to it as well. */
  start(): Promise<GatewayProcess>
  /** Ends a gateway and sends no more connections to it. */
  end(gateway: GatewayProcess, name: 'SIGTERM' | 'SIGKILL'): Promise<number | NodeJS.Signals | null>
}

export async function setProcessStage(
  t: TestContext,
  options: Omit<StageOptions, 'front' | 'replicas' | 'gateway'> = {},
): Promise<ProcessStage> {
  const ground = await openGround({ front: 'direct', ...options })
  const configFile = join(ground.folder, 'doorman.yaml')
  await writeFile(configFile, ground.yaml)
  const running = new Set<GatewayProcess>()
  const aim = () => ground.aim([...running].map(({ port }) => port))
  const stage: ProcessStage = {
    ...ground,
    async start() {
      const gateway = await startProcess(configFile, join(ground.folder, 'gateway.log'))
      running.add(gateway)
      aim()
      return gateway
    },
    end(gateway, name) {
      running.delete(gateway)
      aim()
      gateway.signal(name)
      return gateway.ended()
    },
  }
  t.after(async () => {
    await ground.disconnect()
    await Promise.all([...running].map((gateway) => stage.end(gateway, 'SIGKILL')))
    await ground.close()
  })
  return stage
}

async function startProcess(configFile: string, logFile: string): Promise<GatewayProcess> {
  const child = fork(new URL('gateway-worker.ts', import.meta.url), [configFile, logFile], {
    execArgv: ['--conditions=@doorman/source'],
  })
  const exit = once(child, 'exit')
  const { port } = await nextReport(child, 'listening')
  return {
    port,
    next: (kind) => nextReport(child, kind),
    signal: (name) => void child.kill(name),
    async ended() {
      const [code, signal] = await exit
      return signal ?? code
    },
  }
}

function nextReport<K extends GatewayReport['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<GatewayReport, { readonly kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', hear)
      child.off('exit', fail)
      act()
    }
    const hear = (told: GatewayReport) => {
      if (told.kind === kind) settle(() => resolve(told as Extract<GatewayReport, { readonly kind: K }>))
    }
    const fail = (code: number | null) => settle(() => reject(new Error(`the gateway ended: ${code}`)))
    child.on('message', hear).on('exit', fail)
  })
}
