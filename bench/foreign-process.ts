// A server that is not ours, if its program is in PATH. Its CPU time is read from the system (Linux only, in hundredths
// of a second), so all of it has to be one process.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type MeasuredServer, stopProcess } from './measured-process.ts'
import { readMemory } from './memory.ts'

const START_ATTEMPTS = 100
const ATTEMPT_MILLISECONDS = 100

export function isInstalled(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return process.platform === 'linux' && folders.some((folder) => existsSync(join(folder, program)))
}

/** Begins the program, waits until it listens, and lets its output go to `outputFile`. */
export async function startProgram(
  program: string,
  args: readonly string[],
  listen: string,
  outputFile: string,
): Promise<MeasuredServer> {
  const output = openSync(outputFile, 'a')
  const child = spawn(program, args, { stdio: ['ignore', output, output] })
  const processId = child.pid
  if (processId === undefined) throw new Error(`${program} does not start`)
  // It would outlive a bench that fails.
  process.once('exit', () => child.kill())
  await untilListening(listen, program)
  const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout)
  return {
    origin: `http://${listen}`,
    cpuMicros: async () => (readTicks(processId) / ticksPerSecond) * 1e6,
    memory: async () => readMemory(processId, readResident(processId)),
    stop: () => stopProcess(child),
  }
}

async function untilListening(listen: string, program: string): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    if (await canConnect(listen)) return
    await wait(ATTEMPT_MILLISECONDS)
  }
  throw new Error(`${program} does not listen on ${listen}`)
}

function canConnect(listen: string): Promise<boolean> {
  const [host = '', port] = listen.split(':')
  return new Promise((resolve) => {
    const socket = connect(Number(port), host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** utime and stime: fields 14 and 15 of proc_pid_stat(5), counted after the name, which may hold spaces. */
function readTicks(processId: number): number {
  const stat = readFileSync(`/proc/${processId}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function readResident(processId: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1]) * 1024
}
