// What a request costs: CPU time of each server's own process per request, side by side with a bare pass-through.
// `npm run bench -- [--rounds 7] [--seconds 3] [--json]`
import { parseArgs } from 'node:util'
import { type Candidate, startCandidates } from './candidates.ts'
import { compileServers } from './compile.ts'
import { type LoadGenerator, startLoadGenerator } from './load-generator.ts'
import { measureRest, runRound } from './rounds.ts'
import { type Round, summarize } from './statistics.ts'
import { formatTable } from './table.ts'

const MAX_ROUNDS = 50
const MAX_SECONDS = 60

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = parseCount(values.rounds, MAX_ROUNDS)
const seconds = parseCount(values.seconds, MAX_SECONDS)

function parseCount(text: string, most: number): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > most) throw new RangeError(`expected 1 to ${most}, got ${text}`)
  return count
}

function say(text: string): void {
  if (!values.json) process.stderr.write(`${text}\n`)
}

async function runAll(generator: LoadGenerator, candidates: readonly Candidate[]) {
  say('1,000 requests each, then 10 s of rest')
  const memories = await measureRest(generator, candidates)
  await runRound(generator, candidates, { seconds: 1, first: 0 })
  const results: (readonly Round[])[] = []
  for (let first = 0; first < rounds; first += 1) {
    say(`round ${first + 1} of ${rounds}`)
    results.push(await runRound(generator, candidates, { seconds, first }))
  }
  const roundsOf = (index: number) => results.flatMap((round) => round[index] ?? [])
  return memories.map((memory, index) => summarize(candidates[index]?.name ?? '', roundsOf(index), roundsOf(0), memory))
}

compileServers()
const generator = startLoadGenerator()
const line = await startCandidates()
try {
  const rows = await runAll(generator, line.candidates)
  console.log(values.json ? JSON.stringify({ rows }, null, 2) : formatTable(rows))
} finally {
  await Promise.all([generator.stop(), line.stop()])
}
