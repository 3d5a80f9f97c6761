import assert from 'node:assert/strict'
import type { GatewayConfig } from '../../src/config/gateway-config.ts'
import { type ConfigPlace, parseConfig } from '../../src/config/load.ts'
import type { ConfigProblem } from '../../src/config/problems.ts'

export const HEAD = `publicUrl: https://app.example.com
realms:
  main:
    issuer: https://sso.example.com/realms/main
    clientId: web-gateway
    clientAuth: { secret: s3cret }
services: { feed: { url: "http://feed:8000", credential: none },
  reports: { url: "http://reports:8000", credential: accessToken } }
`

/** A second realm beside that of `HEAD`; `fields` replace or follow the usual ones. */
export function withModels(fields: string, head = HEAD): string {
  const usual = 'issuer: https://sso.example.com/realms/models, clientId: gateway, clientAuth: { secret: x }'
  return head.replace('services:', `  models: { ${usual}, ${fields} }\nservices:`)
}

/** `HEAD` with one more service. */
export function withAgent(fields: string, head = HEAD): string {
  return head.replace('services: {', `services: { agent: { url: "http://agent:8000", ${fields} },`)
}

/** Routes at the end of a file, each in the YAML of its fields. */
export function withRoutes(head: string, ...routes: readonly string[]): string {
  return `${head}routes:\n${routes.map((fields) => `  - { ${fields} }\n`).join('')}`
}

const place: ConfigPlace = { file: 'doorman.yaml', env: {}, folder: '/etc/doorman' }

export function problemsOf(text: string, at: Partial<ConfigPlace> = {}): readonly ConfigProblem[] {
  const reading = parseConfig(text, { ...place, ...at })
  return reading.kind === 'invalid' ? reading.problems : []
}

/** `line:column kind key` of each problem. */
export function summaryOf(text: string, at: Partial<ConfigPlace> = {}): readonly string[] {
  return problemsOf(text, at).map(({ line, column, kind, key }) => `${line}:${column} ${kind} ${key}`.trim())
}

/** `kind key` of each problem. */
export function kindsOf(text: string): readonly string[] {
  return problemsOf(text).map(({ kind, key }) => `${kind} ${key}`)
}

export function configOf(text: string, at: Partial<ConfigPlace> = {}): GatewayConfig {
  assert.deepEqual(summaryOf(text, at), [])
  const reading = parseConfig(text, { ...place, ...at })
  return reading.kind === 'valid' ? reading.config : assert.fail('invalid')
}

export function warningsOf(text: string): readonly string[] {
  const reading = parseConfig(text, place)
  return reading.kind === 'valid'
    ? reading.warnings.map(({ line, column, key }) => `${line}:${column} ${key}`)
    : ['invalid']
}
