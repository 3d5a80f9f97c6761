// "doorman check": is the configuration right, and who may do what? Starts nothing and calls nobody.
import { type ConfigProblem, formatProblem, type GatewayConfig, readConfig } from '@doorman/gateway'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { FOR_GATEWAY } from '../sections.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { describeCredential, describeRequirement } from './route-words.ts'

export interface CheckOptions {
  readonly file: string
  readonly json: boolean
}

export function check({ file, json }: CheckOptions, terminal: Terminal, env: Environment): ExitCode {
  const reading = readConfig(file, env, FOR_GATEWAY)
  const problems = reading.kind === 'invalid' ? reading.problems : []
  const warnings = reading.kind === 'valid' ? reading.warnings : []
  const routes = reading.kind === 'valid' ? reading.config.routes : []
  if (json) terminal.print(JSON.stringify({ valid: reading.kind === 'valid', problems, warnings, routes }, null, 2))
  else if (reading.kind === 'valid') printValid(file, reading.config, warnings, terminal)
  else printInvalid(problems, terminal)
  return reading.kind === 'valid' ? EXIT_CODE.ok : EXIT_CODE.configuration
}

function printInvalid(problems: readonly ConfigProblem[], terminal: Terminal): void {
  for (const problem of problems) terminal.tell(formatProblem(problem))
  terminal.tell(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
}

function printValid(file: string, config: GatewayConfig, warnings: readonly ConfigProblem[], terminal: Terminal): void {
  for (const line of formatRoutes(config)) terminal.print(line)
  for (const warning of warnings) terminal.tell(`warning: ${formatProblem(warning)}`)
  const issuers = Object.values(config.realms).map(({ issuer }) => issuer)
  const realms = `${issuers.length === 1 ? 'realm' : 'realms'} ${issuers.join(' ')}`
  terminal.print(`\n${file} is right: ${config.publicUrl}, ${realms}, routes: ${config.routes.length}`)
}

function formatRoutes({ routes, services }: GatewayConfig): readonly string[] {
  const rows = routes.map((route) => [
    route.path,
    route.methods?.join(' ') ?? 'all',
    describeRequirement(route.require),
    describeCredential(route.credential),
    `${route.service} (${services[route.service]?.url}${route.rewrite ?? ''})`,
  ])
  return formatTable(['path', 'methods', 'who may', 'credential', 'service'], rows)
}
