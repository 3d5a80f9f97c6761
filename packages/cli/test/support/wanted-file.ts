// A small doorman.yaml, and what it wants.
import assert from 'node:assert/strict'
import type { Wanted, WantedClient, WantedRealm } from '@doorman/provision'
import type { Environment } from '../../src/environment.ts'
import { readProvisionFile } from '../../src/provision/ground.ts'
import { temporaryFolder, writeConfig } from './command.ts'

const folder = temporaryFolder()

export interface WantedFile {
  readonly realms?: string
  readonly services?: string
  readonly routes?: readonly string[]
  readonly rest?: string
}

const MAIN = 'main: { issuer: https://sso.example.com/realms/shop, clientId: web-gateway, clientAuth: { secret: x } }'

/** A second realm; `fields` follow the usual ones. */
export function models(fields: string): string {
  return `models: { issuer: https://sso.example.com/realms/models, clientId: model-gateway, clientAuth: { secret: x }, ${fields} }`
}

export function buildFile({ realms = '', services = '', routes = [], rest = '' }: WantedFile): string {
  return `publicUrl: https://app.example.com
realms:
  ${MAIN}
${realms === '' ? '' : `  ${realms}\n`}services:
  website: { url: "http://website:8080", credential: none }
${services === '' ? '' : `  ${services.replaceAll('\n', '\n  ')}\n`}routes:
  - { path: "/*", service: website, require: none }
${routes.map((route) => `  - { ${route} }\n`).join('')}${rest}`
}

export interface ReadFile {
  readonly wanted: Wanted | undefined
  readonly told: readonly string[]
}

export function readFile(text: string, env: Environment = {}, needsCredentials = true): ReadFile {
  const told: string[] = []
  const terminal = { print: () => undefined, tell: (line: string) => void told.push(line), isInteractive: false }
  const read = readProvisionFile(writeConfig(text, folder), { needsCredentials }, terminal, env)
  return { wanted: read?.wanted, told }
}

export function wantedOf(file: WantedFile): Wanted {
  const { wanted, told } = readFile(buildFile(file))
  return wanted ?? assert.fail(told.join('\n'))
}

export function realmOf(file: WantedFile, name = 'main'): WantedRealm {
  return wantedOf(file).realms.find((realm) => realm.name === name) ?? assert.fail(`no realm ${name}`)
}

export function clientOf(file: WantedFile, clientId: string, realm = 'main'): WantedClient {
  const { clients } = realmOf(file, realm)
  return clients.find((client) => client.clientId === clientId) ?? assert.fail(`no client ${clientId}`)
}

/** Client ids in the `aud` of a client's tokens, by its own mappers. */
export function audiencesOf({ mappers }: Pick<WantedClient, 'mappers'>): readonly string[] {
  return Object.values(mappers).flatMap(({ config }) => config['included.client.audience'] ?? [])
}
