// "doorman explain": what becomes of one request, and why. Without --url nothing is asked but the configuration.
import { readFileSync } from 'node:fs'
import { type Explanation, explainRequest, type GatewayConfig, principalOfClaims, systemClock } from '@doorman/gateway'
import { requireConfig } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { formatExplanation } from './explanation-text.ts'

export interface ExplainOptions {
  readonly config: string
  readonly method: string
  readonly path: string
  /** A file with the claims of an access token or ID token as JSON. */
  readonly claims: string | null
  /** A person of the development realm. */
  readonly as: string | null
  /** The header `X-Tenant`. */
  readonly tenant: string | null
  readonly via: 'session' | 'bearer'
  readonly json: boolean
}

type Claims = Readonly<Record<string, unknown>>

export async function explain(options: ExplainOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  if (options.claims !== null && options.as !== null) throw new CommandError('--claims and --as: say who only once')
  const config = requireConfig(options.config, terminal, env)
  if (config === undefined) return EXIT_CODE.configuration
  const claims = await findClaims(options, config)
  const question = {
    method: options.method,
    path: options.path,
    principal: principalOfClaims({ claims, via: options.via }, config),
    headers: options.tenant === null ? {} : { 'x-tenant': options.tenant },
    now: systemClock(),
  }
  return printExplanation(explainRequest(config, question, { maskValues: false }), options.json, terminal)
}

export function printExplanation(explanation: Explanation, json: boolean, terminal: Terminal): ExitCode {
  const lines = json ? [JSON.stringify(explanation, null, 2)] : formatExplanation(explanation)
  for (const line of lines) terminal.print(line)
  return explanation.decision.kind === 'deny' ? EXIT_CODE.denied : EXIT_CODE.ok
}

async function findClaims({ claims, as }: ExplainOptions, config: GatewayConfig): Promise<Claims | null> {
  if (claims !== null) return readClaims(claims)
  return as === null ? null : describePerson(as, config)
}

export function readClaims(file: string): Claims {
  const claims = parseObject(readText(file))
  if (claims === null) throw new CommandError(`${file}: expected the claims of a token as a JSON object`)
  return claims
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new CommandError(`${file}: cannot be read`)
  }
}

function parseObject(text: string): Claims | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

async function describePerson(username: string, { realms, loginRealm }: GatewayConfig): Promise<Claims> {
  const { DEV_USERS, describeDevUser } = await import('@doorman/dev-realm')
  const realm = realms[loginRealm]
  if (realm === undefined) throw new CommandError('nobody logs in with this configuration')
  const { issuer, clientId, scopes } = realm
  const person = describeDevUser(username, { issuer, clientId, scopes, now: systemClock() })
  if (person !== undefined) return person
  const known = DEV_USERS.filter(({ enabled }) => enabled).map((user) => user.username)
  throw new CommandError(`--as: expected a person of the development realm: ${known.join(', ')}`)
}
