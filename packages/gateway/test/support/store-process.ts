import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { after } from 'node:test'
import type { TASKS } from './store-worker.ts'

type Tasks = typeof TASKS
type Arguments<T> = T extends (context: never, ...args: infer A) => unknown ? A : never
type Message = { readonly ready?: true; readonly acknowledged?: string; readonly result?: unknown }

export interface StoreProcess {
  readonly child: ChildProcess
  run<K extends keyof Tasks>(task: K, ...args: Arguments<Tasks[K]>): ReturnType<Tasks[K]>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

/** Starts a process on the store and waits until it has opened it; with a prefix the path is the address of a Redis. */
export async function startStoreProcess(path: string, prefix?: string): Promise<StoreProcess> {
  const child = fork(new URL('store-worker.ts', import.meta.url), prefix === undefined ? [path] : [path, prefix], {
    execArgv: ['--conditions=@doorman/source'],
  })
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  after(kill)
  await message(child, (told) => told.ready === true)
  return {
    child,
    kill,
    run(task, ...args) {
      const result = message(child, (told) => told.acknowledged === undefined).then((told) => told.result)
      child.send({ task, args })
      return result as ReturnType<Tasks[typeof task]>
    },
  }
}

function message(child: ChildProcess, wanted: (told: Message) => boolean): Promise<Message> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', hear)
      child.off('exit', fail)
      act()
    }
    const hear = (told: Message) => wanted(told) && settle(() => resolve(told))
    const fail = (code: number | null) => settle(() => reject(new Error(`the process ended: ${code}`)))
    child.on('message', hear).on('exit', fail)
  })
}
