// A command that takes the values on its standard input. Never by arguments, which everybody on the machine can read.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { basename } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { isProvisionError, ProvisionError } from '../errors.ts'
import type { WantedDelivery } from '../wanted/wanted.ts'
import type { DeliveryTools, Place } from './delivery.ts'
import { formatEnv } from './env-text.ts'
import { holdsPartOf } from './leak.ts'
import { isConfidential, isRandom, notesOf, renderShape, type SecretValues } from './values.ts'

const MAX_OUTPUT_BYTES = 64 * 1024
const MAX_TOLD_LENGTH = 500
const LAST_WORDS_MILLISECONDS = 500

export function createCommandPlace(
  delivery: Extract<WantedDelivery, { kind: 'command' }>,
  tools: DeliveryTools,
): Place {
  const { command, keys } = delivery
  // Arguments may say where, such as an address with a token in it.
  const name = `command ${basename(command[0] ?? '')}`
  const render = (values: SecretValues) => {
    const random = Object.keys(keys).find((key) => isRandom(keys[key] ?? ''))
    if (random !== undefined) throw randomError(name, random)
    return renderShape(keys, values, {})
  }
  return {
    name,
    keys: Object.keys(keys),
    async compare(values) {
      formatEnv(render(values))
      return 'ran'
    },
    async write(values) {
      const rendered = render(values)
      const secrets = Object.keys(keys).flatMap((key) => (isConfidential(keys[key] ?? '') ? [rendered[key] ?? ''] : []))
      const secret = values.clientSecret ?? ''
      await run(command, formatEnv(rendered), { name, secrets: [...secrets, secret], tools })
      return { outcome: 'ran', restarted: [], notes: notesOf(keys, rendered) }
    },
  }
}

interface Run {
  readonly name: string
  readonly secrets: readonly string[]
  readonly tools: DeliveryTools
}

async function run(command: readonly string[], input: string, { name, secrets, tools }: Run): Promise<void> {
  const [program = '', ...args] = command
  const { commandTimeoutSeconds: limit, folder } = tools
  const child = spawn(program, args, { cwd: folder, env: foreignEnvironment(), stdio: ['pipe', 'ignore', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), limit * 1000)
  const said = collect(child.stderr)
  // A command that ends without reading is told by its exit code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  try {
    const { code, signal } = await endOf(child)
    if (code === 0) return
    const ended = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    const how = child.killed ? `took longer than ${limit} s` : ended
    throw commandError(name, how, { reason: 'exit', exitCode: code, output: tellable(said(), secrets) })
  } catch (error) {
    if (isProvisionError(error)) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw commandError(name, `cannot be started: ${code}`, { reason: 'system', code })
  } finally {
    clearTimeout(timer)
  }
}

/** It has no business with our credentials, and could print them. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DOORMAN_')))
}

interface End {
  readonly code: number | null
  readonly signal: string | null
}

function endOf(child: ChildProcessByStdio<Writable, null, Readable>): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>()
  child.once('error', reject)
  child.once('close', (code, signal) => resolve({ code, signal }))
  // What the command has left running may hold its error output open for ever.
  child.once('exit', () => setTimeout(() => child.stderr.destroy(), LAST_WORDS_MILLISECONDS).unref())
  return promise
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    if (size < MAX_OUTPUT_BYTES) chunks.push(chunk)
    size += chunk.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

/** All or nothing: a program that prints a part of a secret may print another part of it elsewhere. */
function tellable(output: string, secrets: readonly string[]): string {
  if (holdsPartOf(output, secrets)) return '(withheld: it holds a secret)'
  return output
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_TOLD_LENGTH)
}

function commandError(name: string, what: string, detail: Readonly<Record<string, unknown>>): ProvisionError {
  return new ProvisionError('ERR_DELIVERY_FAILED', `The ${name} ${what}`, detail)
}

function randomError(name: string, key: string): ProvisionError {
  const text = `${key}: {{random}} cannot be kept by a ${name}; use envFile or kubernetes`
  return new ProvisionError('ERR_DELIVERY_FAILED', text, { reason: 'random', key })
}
