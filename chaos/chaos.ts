// The fault bench. `npm run chaos -- --help`
import { type ChaosOptions, HELP, parseOptions } from './options.ts'
import { runChaos } from './run.ts'
import { type Column, formatTable } from './table.ts'
import { findFailures } from './tally.ts'

async function runAll(options: ChaosOptions): Promise<readonly Column[]> {
  const columns: Column[] = []
  for (const store of options.stores) {
    const say = (text: string) => void process.stderr.write(`${store}: ${text}\n`)
    const tally = await runChaos({ ...options, store, say })
    say(`${tally.rounds} rounds in ${tally.seconds.toFixed(0)} s`)
    columns.push({ store, tally })
  }
  return columns
}

function describe({ seed, processes, sessions, reuse }: ChaosOptions): string {
  return `seed ${seed}, ${processes} processes, ${sessions} sessions, refresh tokens may be reused ${reuse} times, Node ${process.version}`
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 32))
  if (options === null) {
    console.log(HELP)
    return 0
  }
  process.stderr.write(`${describe(options)}\n`)
  const columns = await runAll(options)
  console.log(
    options.isJson ? JSON.stringify({ options, columns }, null, 2) : `${describe(options)}\n\n${formatTable(columns)}`,
  )
  const failures = columns.flatMap(({ store, tally }) => findFailures(tally).map((what) => `${store}: ${what}`))
  for (const failure of failures) process.stderr.write(`FAILED: ${failure}\n`)
  return failures.length === 0 ? 0 : 1
}

process.exitCode = await main()
