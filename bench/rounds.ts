// Runs the candidates one after another, round by round, so that whatever else the machine does meets all of them.
import { setTimeout as wait } from 'node:timers/promises'
import type { Candidate } from './candidates.ts'
import type { Load, LoadGenerator } from './load-generator.ts'
import type { Memory } from './memory.ts'
import type { Round } from './statistics.ts'

const CONNECTIONS = 32
const WARM_UP_REQUESTS = 1_000
const REST_SECONDS = 10

/** What each candidate's process holds 10 s after its warm-up. */
export async function measureRest(
  generator: LoadGenerator,
  candidates: readonly Candidate[],
): Promise<readonly Memory[]> {
  for (const candidate of candidates) await load(generator, candidate, { kind: 'requests', amount: WARM_UP_REQUESTS })
  await wait(REST_SECONDS * 1000)
  const memories: Memory[] = []
  // One question at a time: two rows may share a process.
  for (const { server } of candidates) memories.push(await server.memory())
  return memories
}

/** One round: every candidate once, the first of them another one each time. In the order of the candidates. */
export async function runRound(
  generator: LoadGenerator,
  candidates: readonly Candidate[],
  options: { readonly seconds: number; readonly first: number },
): Promise<readonly Round[]> {
  const results = new Map<Candidate, Round>()
  const start = options.first % candidates.length
  for (const candidate of [...candidates.slice(start), ...candidates.slice(0, start)]) {
    results.set(candidate, await measure(generator, candidate, options.seconds))
  }
  return candidates.flatMap((candidate) => results.get(candidate) ?? [])
}

async function measure(generator: LoadGenerator, candidate: Candidate, seconds: number): Promise<Round> {
  const before = await candidate.server.cpuMicros()
  const { requests, p50, p99 } = await load(generator, candidate, { kind: 'seconds', amount: seconds })
  const after = await candidate.server.cpuMicros()
  return { cpuMicros: (after - before) / requests, p50, p99 }
}

async function load(generator: LoadGenerator, candidate: Candidate, amount: Pick<Load, 'kind' | 'amount'>) {
  const { server, path, headers, name, cookieFile = null } = candidate
  const url = server.origin + path
  const result = await generator.run({ ...amount, url, headers, connections: CONNECTIONS, cookieFile })
  // A row that answers with errors would be the fastest of all.
  if (result.failures > 0 || result.requests === 0) throw new Error(`${name}: ${result.failures} requests failed`)
  return result
}
