// The repository's examples as services of the demo, each a process of its own. One that cannot run is left out and
// says why; the demo goes on without it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEMO_SERVICES, type ServiceState, type ServiceStates } from './demo-services.ts'
import type { Issuers } from './own-services.ts'
import { type FoundPython, findPython, prepareEnvironment } from './python.ts'
import { type RunningService, type ServiceCommand, startService } from './running-service.ts'

/** Beside `packages` in a checkout; not in what npm installs. */
export const EXAMPLES_FOLDER = fileURLToPath(new URL('../../../../examples/', import.meta.url))

export interface ExampleServicesOptions {
  readonly folder: string
  readonly issuers: Issuers
  readonly pickPort: () => Promise<number>
  readonly print: (line: string) => void
}

export interface ExampleServices {
  /** Of those that may run, by name. */
  readonly urls: ReadonlyMap<string, string>
  /** As it is now. */
  states(): ServiceStates
  /** Resolves when none is starting any more. */
  readonly settled: Promise<void>
  close(): Promise<void>
}

type Place = Pick<ServiceCommand, 'folder' | 'url'> & { readonly port: number }
type Plan =
  | { readonly kind: 'left-out'; readonly because: string }
  | { readonly kind: 'planned'; readonly place: Place; prepare(signal: AbortSignal): Promise<ServiceCommand> }

const NODE_ARGUMENTS = ['--conditions=@doorman/source', '--disable-warning=ExperimentalWarning', 'start.ts']
const ABSENT = 'the examples come with the repository, not with the npm package'
const NAMES = DEMO_SERVICES.filter(({ origin }) => origin === 'example').map(({ name }) => name)

/** Resolves when it is known which of them can be tried; they start meanwhile. Never rejects. */
export async function startExampleServices(options: ExampleServicesOptions): Promise<ExampleServices> {
  const states = new Map<string, ServiceState>()
  const urls = new Map<string, string>()
  const running: Promise<RunningService | undefined>[] = []
  const closing = new AbortController()

  async function run(name: string, plan: Extract<Plan, { kind: 'planned' }>): Promise<RunningService | undefined> {
    try {
      const service = await startService(await plan.prepare(closing.signal), closing.signal)
      states.set(name, { kind: 'running' })
      return service
    } catch (error) {
      states.set(name, { kind: 'left-out', because: error instanceof Error ? error.message : String(error) })
      return undefined
    }
  }

  for (const name of NAMES) {
    const plan = await planService(name, options)
    if (plan.kind === 'left-out') {
      states.set(name, plan)
    } else {
      states.set(name, { kind: 'starting' })
      urls.set(name, plan.place.url)
      running.push(run(name, plan))
    }
  }
  const all = Promise.all(running)
  return {
    urls,
    states: () => states,
    settled: all.then(() => undefined),
    async close() {
      closing.abort()
      await Promise.all((await all).map((service) => service?.close()))
    },
  }
}

async function planService(name: string, options: ExampleServicesOptions): Promise<Plan> {
  const folder = join(options.folder, `${name}-service`)
  if (!existsSync(folder)) return { kind: 'left-out', because: ABSENT }
  const python: FoundPython | undefined = name === 'fastapi' ? await findPython() : undefined
  if (python?.kind === 'missing') return { kind: 'left-out', because: python.because }
  const port = await options.pickPort()
  const place = { folder, port, url: `http://127.0.0.1:${port}` }
  const env = buildEnvironment(name, options.issuers)
  return {
    kind: 'planned',
    place,
    async prepare(signal) {
      if (python === undefined) return buildNodeCommand(place, env)
      const onStart = () => options.print('fastapi: making its Python environment, once, some 20 s …')
      const command = await prepareEnvironment(python, join(folder, 'requirements.txt'), { onStart, signal })
      return buildPythonCommand(command, place, env)
    },
  }
}

function buildEnvironment(name: string, { publicUrl, main }: Issuers): Readonly<Record<string, string>> {
  switch (name) {
    case 'fastify':
      return { REALM_ISSUER: main, AUDIENCE: 'billing' }
    case 'hono':
      return { REALM_ISSUER: main, AUDIENCE: 'reports' }
    default:
      return { DOORMAN_URL: publicUrl, AUDIENCE: name }
  }
}

function buildNodeCommand(place: Place, env: Readonly<Record<string, string>>): ServiceCommand {
  return { ...place, command: process.execPath, args: NODE_ARGUMENTS, env: { ...env, PORT: String(place.port) } }
}

function buildPythonCommand(command: string, place: Place, env: Readonly<Record<string, string>>): ServiceCommand {
  const args = ['-m', 'uvicorn', 'service:app', '--port', String(place.port), '--log-level', 'warning']
  return { ...place, command, args, env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } }
}
