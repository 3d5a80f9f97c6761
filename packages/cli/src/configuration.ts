// The configuration as a command needs it: right, or told and done.
import { type ConfigProblem, formatProblem, type GatewayConfig, readConfig } from '@doorman/gateway'
import type { Environment } from './environment.ts'
import { FOR_GATEWAY } from './sections.ts'
import type { Terminal } from './terminal.ts'

/** The configuration, its warnings told; undefined when it is wrong, its problems told. */
export function requireConfig(file: string, terminal: Terminal, env: Environment): GatewayConfig | undefined {
  const reading = readConfig(file, env, FOR_GATEWAY)
  if (reading.kind === 'valid') {
    for (const warning of reading.warnings) terminal.tell(`warning: ${formatProblem(warning)}`)
    return reading.config
  }
  tellProblems(reading.problems, terminal)
  return undefined
}

export function tellProblems(problems: readonly ConfigProblem[], terminal: Terminal): void {
  for (const problem of problems) terminal.tell(formatProblem(problem))
  const count = problems.length
  terminal.tell(`${count} ${count === 1 ? 'problem' : 'problems'}; nothing was started.`)
}
