// A server in a process of its own, which tells its port, its CPU time and its memory when asked. Only what the process
// itself used is counted: not the load generator, not the upstream, not the realm.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import type { Server } from 'node:net'
import { devNull } from 'node:os'
import { type Memory, readMemory } from './memory.ts'

export interface MeasuredServer {
  readonly origin: string
  /** User and system time since the process began. */
  cpuMicros(): Promise<number>
  memory(): Promise<Memory>
  stop(): Promise<void>
}

const HOST = '127.0.0.1'

/** In the server's process: listens on a free port, then answers the bench's questions. */
export function announce(server: Server): void {
  server.listen(0, HOST, () => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no port')
    answerUsage(`http://${HOST}:${address.port}`)
  })
}

/** The same for a server that listens already. */
export function answerUsage(origin: string): void {
  process.on('message', (question) => {
    const { user, system } = process.cpuUsage()
    process.send?.(question === 'memory' ? readMemory('self', process.memoryUsage.rss()) : user + system)
  })
  process.on('disconnect', () => process.exit())
  process.send?.(origin)
}

/** Begins one of the scripts of the bench; its standard output, the log, goes to `outputFile`. */
export async function startServer(
  script: string,
  args: readonly string[],
  outputFile = devNull,
  execArgv: readonly string[] = [],
): Promise<MeasuredServer> {
  const child = fork(new URL(script, import.meta.url), [...args], {
    execArgv: [...execArgv],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', openSync(outputFile, 'a'), 'inherit', 'ipc'],
  })
  const origin = await answerOf<string>(child, script)
  return {
    origin,
    cpuMicros() {
      child.send('cpu')
      return answerOf<number>(child, script)
    },
    memory() {
      child.send('memory')
      return answerOf<Memory>(child, script)
    },
    stop: () => stopProcess(child),
  }
}

export async function answerOf<T>(child: ChildProcess, name: string): Promise<T> {
  const ended = new AbortController()
  const failure = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`${name} ended with ${code}`)
  })
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal: ended.signal }), failure])
    return answer as T
  } finally {
    failure.catch(() => undefined)
    ended.abort()
  }
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
