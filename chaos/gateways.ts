// The gateways of a run, each a process of its own: started, chosen from, killed, stopped and started again.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { StopPoint, WorkerReport } from './gateway-worker.ts'
import type { Random } from './random.ts'

const LOOK_MILLISECONDS = 50

export interface GatewayProcess {
  /** Of this process, and not of the one that takes its place. */
  readonly name: string
  readonly index: number
  readonly port: number
  /** Neither killed, stopped nor about to end. */
  isWell(): boolean
  /** Whether it was stopped or ended after a moment of `performance.now()`. */
  wasStruckSince(moment: number): boolean
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** As an orchestrator ends it; resolves with the exit code. */
  end(): Promise<number | null>
  /** Resolves once it is ready to stop itself there; the promise inside, when it has. */
  stopAt(point: StopPoint): Promise<{ readonly stopped: Promise<void> }>
}

export interface Gateways {
  /** All that are well, in an order drawn by chance. */
  wellOnes(): readonly GatewayProcess[]
  /** Throws when there is none. */
  find(name: string): GatewayProcess
  /** The process at the other end of a connection to the realm; null while it has not said so. */
  ownerOf(port: number): GatewayProcess | null
  /** Starts one in the place of another, with a clock that is wrong by so much. */
  replace(gone: GatewayProcess, skewSeconds: number): Promise<void>
  close(): Promise<void>
}

export interface GatewaysOptions {
  readonly count: number
  readonly configFile: string
  readonly logFile: string
  readonly realmPort: number
  readonly random: Random
  readonly onReport: (told: WorkerReport) => void
  /** One has ended that nobody had ended. */
  readonly onCrash: (name: string) => void
}

export async function startGateways(options: GatewaysOptions): Promise<Gateways> {
  const owners = new Map<number, GatewayProcess>()
  let started = 0
  let isClosing = false

  async function start(index: number, skewSeconds: number): Promise<GatewayProcess> {
    started += 1
    const { gateway, child } = await startProcess(`${index + 1}.${started}`, index, skewSeconds, options)
    child.on('message', (told: WorkerReport) => {
      if (told.kind === 'connected') owners.set(told.port, gateway)
      options.onReport(told)
    })
    child.once('exit', () => {
      for (const [port, owner] of owners) if (owner === gateway) owners.delete(port)
      if (gateway.isWell() && !isClosing) options.onCrash(gateway.name)
    })
    return gateway
  }

  const gateways = await Promise.all(Array.from({ length: options.count }, (_, index) => start(index, 0)))
  return {
    wellOnes: () => options.random.shuffle(gateways.filter((gateway) => gateway.isWell())),
    find(name) {
      const found = gateways.find((gateway) => gateway.name === name)
      if (found === undefined) throw new Error(`process ${name} has gone`)
      return found
    },
    ownerOf: (port) => owners.get(port) ?? null,
    async replace(gone, skewSeconds) {
      gateways[gone.index] = await start(gone.index, skewSeconds)
    },
    async close() {
      isClosing = true
      await Promise.all(gateways.map((gateway) => gateway.kill()))
    },
  }
}

interface Started {
  readonly gateway: GatewayProcess
  readonly child: ChildProcess
}

async function startProcess(
  name: string,
  index: number,
  skewSeconds: number,
  { configFile, logFile, realmPort }: GatewaysOptions,
): Promise<Started> {
  const child = fork(
    new URL('gateway-worker.ts', import.meta.url),
    [configFile, logFile, String(realmPort), String(skewSeconds)],
    { execArgv: ['--conditions=@doorman/source'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  const exit = once(child, 'exit')
  const { port } = await nextReport(child, 'listening')
  let isWell = true
  let struckAt = Number.NEGATIVE_INFINITY

  function fall(): void {
    isWell = false
    struckAt = performance.now()
  }

  const gateway: GatewayProcess = {
    name,
    index,
    port,
    isWell: () => isWell,
    wasStruckSince: (moment) => !isWell || struckAt >= moment,
    async kill() {
      fall()
      child.kill('SIGKILL')
      await exit
    },
    pause() {
      fall()
      child.kill('SIGSTOP')
    },
    resume() {
      child.kill('SIGCONT')
      struckAt = performance.now()
      isWell = true
    },
    async end() {
      fall()
      child.kill('SIGTERM')
      const [code] = await exit
      return code
    },
    async stopAt(point) {
      const ready = nextReport(child, 'ready')
      // What it has to say may still be in its own hands when it stops.
      const stopped = Promise.race([nextReport(child, 'stopping'), untilStopped(child)]).then(fall)
      stopped.catch(() => undefined)
      child.send(point)
      await ready
      return { stopped }
    },
  }
  return { gateway, child }
}

/** As the system tells of the process; never where the system does not tell, or once the process has ended. */
async function untilStopped(child: ChildProcess): Promise<void> {
  const file = `/proc/${child.pid}/stat`
  const isStopped = () => /\) T /.test(readFileSync(file, 'utf8'))
  while (!existsSync(file) || !isStopped()) {
    if (child.exitCode !== null || child.signalCode !== null) return new Promise(() => {})
    await pause(LOOK_MILLISECONDS)
  }
}

/** The next report of a kind from now on. Rejects when the process ends first. */
function nextReport<K extends WorkerReport['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<WorkerReport, { readonly kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', hear)
      child.off('exit', fail)
      act()
    }
    const hear = (told: WorkerReport) => {
      if (told.kind === kind) settle(() => resolve(told as Extract<WorkerReport, { readonly kind: K }>))
    }
    const fail = (code: number | null) => settle(() => reject(new Error(`the gateway ended: ${code}`)))
    child.on('message', hear).on('exit', fail)
  })
}
