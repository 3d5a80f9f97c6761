// The rows of the bench before they have run: each server and the upstream in a process of its own.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInstalled } from './foreign-process.ts'
import { type MeasuredServer, startServer } from './measured-process.ts'
import { type BenchRealm, startRealm } from './realm.ts'
import { startDoorman } from './start-doorman.ts'
import { startNginx, startOauth2Proxy } from './start-peers.ts'

export interface Candidate {
  readonly name: string
  readonly server: Omit<MeasuredServer, 'stop'>
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Cookies that requests send in turn, a line each. Default: what `headers` say. */
  readonly cookieFile?: string
}

/** The floor comes first. */
export interface StartingLine {
  readonly candidates: readonly Candidate[]
  stop(): Promise<void>
}

export type CandidateStart = (place: {
  /** Host and port; free a moment ago. */
  readonly listen: string
  readonly upstreamOrigin: string
  readonly realm: BenchRealm
  /** For files; removed at the end. */
  readonly folder: string
}) => Promise<StartingLine>

const PEERS: ReadonlyArray<readonly [program: string, start: CandidateStart]> = [
  ['nginx', startNginx],
  ['oauth2-proxy', startOauth2Proxy],
]

const NOTHING: StartingLine = { candidates: [], stop: async () => undefined }

/** Somebody else's version may want other options: that must not cost us our own rows. */
function withoutFailure(program: string, start: CandidateStart): CandidateStart {
  return async (place) => {
    try {
      return await start(place)
    } catch (error) {
      process.stderr.write(`${program} is left out: ${error instanceof Error ? error.message : String(error)}\n`)
      return NOTHING
    }
  }
}

export async function startCandidates(): Promise<StartingLine> {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-bench-'))
  const upstream = await startServer('dist/upstream.js', [])
  const floor = await startServer('dist/floor.js', [upstream.origin])
  const peers = PEERS.filter(([program]) => isInstalled(program))
  const starts = [startDoorman, ...peers.map(([program, start]) => withoutFailure(program, start))]
  const listens = await findFreeAddresses(starts.length)
  const realm = await startRealm(
    listens.flatMap((listen) => [`http://${listen}/auth/callback`, `http://${listen}/oauth2/callback`]),
  )
  const lines: StartingLine[] = []
  for (const [index, start] of starts.entries()) {
    lines.push(await start({ listen: listens[index] ?? '', upstreamOrigin: upstream.origin, realm, folder }))
  }
  return {
    candidates: [
      { name: 'floor', server: floor, path: '/public/hello', headers: {} },
      ...lines.flatMap(({ candidates }) => candidates),
    ],
    async stop() {
      await Promise.all([floor, ...lines].map((each) => each.stop()))
      await Promise.all([upstream.stop(), realm.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

/** All at once, so that they differ. A redirect URI has to be known before its server listens. */
async function findFreeAddresses(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const addresses = servers.map((server) => server.address())
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return addresses.flatMap((address) =>
    typeof address === 'object' && address !== null ? [`127.0.0.1:${address.port}`] : [],
  )
}
