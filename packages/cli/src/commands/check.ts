// "doorman check": is the configuration right, and who may do what? Starts nothing and calls nobody.
import { type ConfigProblem, formatProblem, type GatewayConfig, readConfig } from '@doorman/gateway'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

type Route = GatewayConfig['routes'][number]

export interface CheckOptions {
  readonly file: string
  readonly json: boolean
}

export function check({ file, json }: CheckOptions, terminal: Terminal, env: Environment): ExitCode {
  const reading = readConfig(file, env)
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
  const [issuer = 'none'] = Object.values(config.realms).map((realm) => realm.issuer)
  terminal.print(`\n${file} is right: ${config.publicUrl}, realm ${issuer}, routes: ${config.routes.length}`)
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

function describeCredential(credential: Route['credential']): string {
  if (credential.kind === 'realm') return `realm ${credential.realm}`
  return 'audience' in credential ? `${credential.kind} for ${credential.audience}` : credential.kind
}

function describeRequirement(require: Route['require']): string {
  if (require === 'none') return 'everybody'
  const ofClients = Object.entries(require.clientRoles).map(([clientId, roles]) =>
    roles.map((role) => `${clientId}:${role}`),
  )
  const groups = [require.roles, ...ofClients].filter((roles) => roles.length > 0)
  return groups.length === 0 ? 'logged in' : `role ${groups.map(describeGroup).join(' and ')}`
}

/** One of them is enough. */
function describeGroup(roles: readonly string[], _: number, groups: readonly unknown[]): string {
  const text = roles.join(' or ')
  return roles.length > 1 && groups.length > 1 ? `(${text})` : text
}
