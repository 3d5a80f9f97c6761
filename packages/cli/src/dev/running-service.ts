// A service as a process of its own: there when it answers, gone with the demo.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServiceCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  /** Beside our own environment. */
  readonly env: Readonly<Record<string, string>>
  readonly url: string
}

export interface RunningService {
  readonly url: string
  close(): Promise<void>
}

const START_SECONDS = 60
const POLL_MILLISECONDS = 50
const KEPT_CHARACTERS = 4000
/** As Node and Python name an error; Node says its version after it. */
const ERROR = /^[\w.]*Error\b/

/**
 * Resolves when the service answers. Rejects when it ends before, or does not answer in time; the message says why. The
 * signal ends it at any time.
 */
export async function startService(
  { command, args, folder, env, url }: ServiceCommand,
  signal: AbortSignal,
): Promise<RunningService> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  })
  const errors = keepLast(child)
  const endWithUs = () => void child.kill()
  process.on('exit', endWithUs)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', () => resolve(errors() || 'it ended by itself'))
  }).finally(() => process.off('exit', endWithUs))

  const close = async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  }
  const because = await Promise.race([untilAnswered(url, ended), ended])
  if (because === undefined) return { url, close }
  await close()
  throw new Error(because)
}

function keepLast(child: ChildProcess): () => string {
  let kept = ''
  child.stderr?.on('data', (chunk) => {
    kept = (kept + String(chunk)).slice(-KEPT_CHARACTERS)
  })
  return () => {
    const lines = kept.trim().split('\n')
    return (lines.findLast((line) => ERROR.test(line)) ?? lines.at(-1) ?? '').trim()
  }
}

/** Undefined once there is an answer of any kind. */
async function untilAnswered(url: string, ended: Promise<unknown>): Promise<string | undefined> {
  let isOver = false
  ended.then(() => {
    isOver = true
  })
  const deadline = performance.now() + START_SECONDS * 1000
  while (performance.now() < deadline && !isOver) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return undefined
    await delay(POLL_MILLISECONDS)
  }
  return `it did not answer within ${START_SECONDS} s`
}
