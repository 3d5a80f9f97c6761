// The parts of a doorman.yaml that the documentation shows, judged by the gateway's own reader.
import { parseConfig } from '@doorman/gateway'
import { parse, stringify } from 'yaml'
import { FOR_PROVISION } from '../../packages/cli/src/sections.ts'

type Sections = Readonly<Record<string, unknown>>

const REALM = {
  issuer: 'https://sso.example.com/realms/main',
  clientId: 'web-gateway',
  clientAuth: { secret: 'not-told' },
}
const SERVICE = { url: 'http://service:8000', credential: 'none' }
/** Keys of other software's files. */
const FOREIGN = ['apiVersion', 'volumes']

/** True for what stands in a doorman.yaml, as a whole or in part. */
export function isOfDoorman(yaml: string): boolean {
  return !FOREIGN.some((key) => Object.hasOwn(parse(yaml), key))
}

/** What the reader says of it. A part is completed with what it refers to; only of a whole file are doubts told. */
export function findConfigProblems(page: string, yaml: string): readonly string[] {
  const isWhole = /^publicUrl:/m.test(yaml)
  const text = withSecrets(isWhole ? yaml : stringify(complete(parse(yaml))))
  const reading = parseConfig(text, { file: page, env: {}, folder: '.' }, FOR_PROVISION)
  if (reading.kind === 'invalid')
    return reading.problems.filter(isOfTheFile).map(({ key, message }) => `${key}: ${message}`)
  return isWhole ? reading.warnings.map(({ key }) => `${key}: a doubt`) : []
}

/** What a key names on the reader's machine need not be on this one. */
function isOfTheFile({ key }: { readonly key: string }): boolean {
  return !key.startsWith('tls.ca[')
}

function withSecrets(yaml: string): string {
  return yaml.replaceAll(/\$\{[^}]+\}/g, 'a-secret-long-enough')
}

function complete(part: Sections): Sections {
  const said = stringify(part)
  const services = namesBehind(said, /^ *(?:- )?service: (\w+)$/gm)
  const realms = namesBehind(said, /^ *realm: (\w+)$/gm)
  return {
    publicUrl: 'https://app.example.com',
    ...part,
    realms: { main: REALM, ...stubs(realms, { ...REALM, clientId: 'other' }), ...sections(part.realms) },
    services: { service: SERVICE, ...stubs(services, SERVICE), ...sections(part.services) },
  }
}

function namesBehind(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name)
}

function stubs(names: readonly string[], value: Sections): Sections {
  return Object.fromEntries(
    names.map((name) => [
      name,
      { ...value, ...('issuer' in value ? { issuer: `https://sso.example.com/realms/${name}` } : {}) },
    ]),
  )
}

function sections(value: unknown): Sections {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
