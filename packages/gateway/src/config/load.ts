// Reads doorman.yaml: all problems at once, each with its place, or the configuration the gateway runs on.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { GatewayError } from '../kernel/errors.ts'
import { findContradictions } from './contradictions.ts'
import { parseYaml, type YamlDocument } from './document.ts'
import { findDoubts } from './doubts.ts'
import { buildDraft, type Draft } from './draft.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { type ConfigSource, type Interpolation, interpolate } from './interpolate.ts'
import { type ConfigProblem, contradiction, type Finding, formatPath, formatProblem } from './problems.ts'
import { resolveConfig } from './resolve.ts'
import { configSchema } from './schema.ts'
import { describeIssue, expectedText } from './schema-issues.ts'

/** Warnings are what is allowed and probably not meant. */
export type ConfigReading =
  | { readonly kind: 'valid'; readonly config: GatewayConfig; readonly warnings: readonly ConfigProblem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] }

type Env = Readonly<Record<string, string | undefined>>

/** Reads a file. Relative paths in it start at its folder. */
export function readConfig(file: string, env: Env): ConfigReading {
  const text = readText(file)
  if (text === undefined) return { kind: 'invalid', problems: [unreadable(file)] }
  return parseConfig(text, { file, env, folder: dirname(resolve(file)) })
}

/** Reads a file, or throws `ERR_CONFIG_INVALID` with every problem in `detail.problems`, one a line. */
export function loadConfig(file: string, env: Env): GatewayConfig {
  const reading = readConfig(file, env)
  if (reading.kind === 'valid') return reading.config
  throw new GatewayError('ERR_CONFIG_INVALID', { problems: reading.problems.map(formatProblem).join('\n') })
}

export interface ConfigPlace {
  /** The name shown in messages. */
  readonly file: string
  readonly env: Env
  /** Where relative paths start. */
  readonly folder: string
}

/** Reads a text. What is missing or wrong comes all at once. */
export function parseConfig(text: string, { file, env, folder }: ConfigPlace): ConfigReading {
  const locate = (path: string) => resolve(folder, path)
  const source: ConfigSource = { env, readFile: (path) => readText(locate(path)) }
  const yaml = parseYaml(text)
  const broken = yaml.syntaxProblems.map(({ message, ...at }): ConfigProblem => {
    return { kind: 'syntax', file, ...at, key: '', message, suggestion: null }
  })
  if (!yaml.isReadable) return { kind: 'invalid', problems: broken }
  const interpolation = interpolate(yaml.document, source)
  const raw: unknown = yaml.document.toJS({ maxAliasCount: -1 })
  const place = (finding: Finding) => placeFinding(finding, yaml, file)
  const problems = [...broken, ...findProblems(raw, yaml, interpolation, source).map(place)]
  if (problems.length > 0) return { kind: 'invalid', problems: problems.toSorted(byPlace) }
  const config = resolveConfig(configSchema.parse(raw), locate, interpolation.fileAt)
  return { kind: 'valid', config, warnings: findDoubts(config).map(place) }
}

function findProblems(
  raw: unknown,
  yaml: YamlDocument,
  { missing, findings }: Interpolation,
  source: ConfigSource,
): readonly Finding[] {
  const issues = configSchema.safeParse(raw, { error: expectedText }).error?.issues ?? []
  const described = issues.flatMap((issue) => describeIssue(issue, raw))
  const draft = buildDraft(raw)
  return [
    ...findings,
    ...described.filter(({ kind, path }) => kind !== 'value' || !missing.has(yaml.nodeAt(path))),
    ...findContradictions(draft),
    ...findMissingBundles(draft, source),
    ...findMissingKeyFiles(draft, source),
  ]
}

function findMissingBundles({ sections: { tls } }: Draft, { readFile }: ConfigSource): readonly Finding[] {
  return (tls?.ca ?? []).flatMap((file, index) => {
    const text = readFile(file)
    if (text?.includes('-----BEGIN CERTIFICATE-----')) return []
    const message = text === undefined ? `the file ${file} cannot be read` : `the file ${file} holds no PEM certificate`
    return [contradiction(['tls', 'ca', index], message)]
  })
}

// Only a ring that stands alone is made at the first start: beside another one its absence is an accident.
function findMissingKeyFiles({ sections: { keys = [] } }: Draft, { readFile }: ConfigSource): readonly Finding[] {
  if (keys.length < 2) return []
  return keys.flatMap((key, index) =>
    key.kind === 'file' && readFile(key.path) === undefined
      ? [contradiction(['keys', index], `the file ${key.path} cannot be read`)]
      : [],
  )
}

function placeFinding({ kind, path, message, suggestion }: Finding, yaml: YamlDocument, file: string): ConfigProblem {
  const place = kind === 'unknown-key' || kind === 'name' ? yaml.placeOfKey(path) : yaml.placeOfValue(path)
  return { kind, file, ...place, key: formatPath(path), message, suggestion }
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return a.line - b.line || a.column - b.column
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function unreadable(file: string): ConfigProblem {
  const suggestion = 'write one with `doorman init --issuer URL`, or name it with --config'
  return { kind: 'file', file, line: 1, column: 1, key: '', message: 'the file cannot be read', suggestion }
}
