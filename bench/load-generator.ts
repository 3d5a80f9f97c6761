import { fork } from 'node:child_process'
import { answerOf, stopProcess } from './measured-process.ts'

export interface Load {
  readonly kind: 'seconds' | 'requests'
  readonly amount: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  /** A file with a `Cookie` header a line: requests send them in turn. Null: what `headers` say. */
  readonly cookieFile: string | null
}

export interface LoadResult {
  readonly requests: number
  /** Answers other than 2xx, errors and time-outs. */
  readonly failures: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

export interface LoadGenerator {
  run(load: Load): Promise<LoadResult>
  stop(): Promise<void>
}

export function startLoadGenerator(): LoadGenerator {
  const child = fork(new URL('load.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return {
    run(load) {
      child.send(load)
      return answerOf<LoadResult>(child, 'the load generator')
    },
    stop: () => stopProcess(child),
  }
}
