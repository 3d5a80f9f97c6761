// A server of somebody else's, as a process that a test starts, stops and pauses.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcess {
  /** Returns when it accepts connections. */
  start(): Promise<void>
  stop(signal?: NodeJS.Signals): Promise<void>
  pause(): void
  resume(): void
}

export interface ServerCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** The user and group to run as; null for ours. */
  readonly runAs: number | null
  /** Asked once it accepts connections, until true. */
  readonly isReady: () => Promise<boolean>
}

const POLL_MILLISECONDS = 20
const START_SECONDS = 30

/** A test that fails half-way must not leave a server behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function createServerProcess(command: ServerCommand): ServerProcess {
  let child: ChildProcess | undefined
  let output = ''

  function launch(): ChildProcess {
    const { file, args, env, runAs } = command
    const owner = runAs === null ? {} : { uid: runAs, gid: runAs }
    const launched = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...owner })
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000)
    }
    // A test that fails before its end must not wait for a server.
    launched.unref()
    for (const stream of [launched.stdout, launched.stderr]) {
      stream?.on('data', keep)
      if (stream instanceof Socket) stream.unref()
    }
    running.add(launched)
    launched.once('exit', () => running.delete(launched))
    return launched
  }

  return {
    async start() {
      child = launch()
      const giveUpAt = performance.now() + START_SECONDS * 1000
      while (!((await accepts(command.port)) && (await command.isReady()))) {
        if (child.exitCode !== null || performance.now() > giveUpAt) {
          throw new Error(`${command.file} did not start: ${output}`)
        }
        await delay(POLL_MILLISECONDS)
      }
    },
    async stop(signal = 'SIGTERM') {
      const ending = child
      child = undefined
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
      ending.kill('SIGCONT')
      ending.kill(signal)
      ending.ref()
      await once(ending, 'exit')
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
