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

const place: ConfigPlace = { file: 'doorman.yaml', env: {}, folder: '/etc/doorman' }

export function problemsOf(text: string, at: Partial<ConfigPlace> = {}): readonly ConfigProblem[] {
  const reading = parseConfig(text, { ...place, ...at })
  return reading.kind === 'invalid' ? reading.problems : []
}

/** `line:column kind key` of each problem. */
export function summaryOf(text: string, at: Partial<ConfigPlace> = {}): readonly string[] {
  return problemsOf(text, at).map(({ line, column, kind, key }) => `${line}:${column} ${kind} ${key}`.trim())
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
