// The configuration as a command needs it: right, or told and done.
import { formatProblem, type GatewayConfig, readConfig } from '@doorman/gateway'
import type { Environment } from './environment.ts'
import type { Terminal } from './terminal.ts'

/** The configuration, its warnings told; undefined when it is wrong, its problems told. */
export function requireConfig(file: string, terminal: Terminal, env: Environment): GatewayConfig | undefined {
  const reading = readConfig(file, env)
  if (reading.kind === 'valid') {
    for (const warning of reading.warnings) terminal.tell(`warning: ${formatProblem(warning)}`)
    return reading.config
  }
  for (const problem of reading.problems) terminal.tell(formatProblem(problem))
  const count = reading.problems.length
  terminal.tell(`${count} ${count === 1 ? 'problem' : 'problems'}; nothing was started.`)
  return undefined
}
