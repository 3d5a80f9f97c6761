// Reads doorman.yaml: all problems at once, each with its place, or the configuration the gateway runs on.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import { type Absence, findAbsence, formatAbsences, withStandIns } from './absence.ts'
import { findContradictions } from './contradictions.ts'
import { parseYaml, type YamlDocument } from './document.ts'
import { findDoubts } from './doubts.ts'
import { buildDraft, type Draft } from './draft.ts'
import {
  composeSchema,
  type FurtherSections,
  isUnread,
  NO_SECTIONS,
  parseSections,
  pickOwn,
  pickSections,
  type SectionSchemas,
  type SectionValues,
} from './further-sections.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { type ConfigSource, type Interpolation, interpolate } from './interpolate.ts'
import { type ConfigProblem, contradiction, type Finding, formatPath, formatProblem } from './problems.ts'
import { resolveConfig } from './resolve.ts'
import { configSchema } from './schema.ts'
import { describeIssue, expectedText } from './schema-issues.ts'

/** Warnings are what is allowed and probably not meant. */
export type ConfigReading<S extends SectionSchemas = SectionSchemas> =
  | {
      readonly kind: 'valid'
      readonly config: GatewayConfig
      readonly warnings: readonly ConfigProblem[]
      readonly sections: SectionValues<S>
      /** Keys of what is absent, and may be, such as `realms.main.clientAuth.secret`. */
      readonly absent: readonly string[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] }

type Env = Readonly<Record<string, string | undefined>>

export interface ReadOptions<S extends SectionSchemas = SectionSchemas> {
  /** Sections that belong to others. Without them `provision` and `clients` are passed over unread. */
  readonly sections?: FurtherSections<S>
  /** What may be absent; default nothing. */
  readonly mayBeAbsent?: readonly Absence[]
}

/** Reads a file. Relative paths in it start at its folder. */
export function readConfig<S extends SectionSchemas>(
  file: string,
  env: Env,
  options: ReadOptions<S> = {},
): ConfigReading<S> {
  const text = readText(file)
  if (text === undefined) return { kind: 'invalid', problems: [unreadable(file)] }
  return parseConfig(text, { file, env, folder: dirname(resolve(file)) }, options)
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
export function parseConfig<S extends SectionSchemas>(
  text: string,
  { file, env, folder }: ConfigPlace,
  options: ReadOptions<S> = {},
): ConfigReading<S> {
  const locate = (path: string) => resolve(folder, path)
  const source: ConfigSource = { env, readFile: (path) => readText(locate(path)) }
  const yaml = parseYaml(text)
  const broken = yaml.syntaxProblems.map(({ message, ...at }): ConfigProblem => {
    return { kind: 'syntax', file, ...at, key: '', message, suggestion: null }
  })
  if (!yaml.isReadable) return { kind: 'invalid', problems: broken }
  const place = (finding: Finding) => placeFinding(finding, yaml, file)
  const { raw, findings, absent, fileAt } = examine(yaml, source, options)
  const problems = [...broken, ...findings.map(place)]
  if (problems.length > 0) return { kind: 'invalid', problems: problems.toSorted(byPlace) }
  const config = resolveConfig(configSchema.parse(pickOwn(raw)), locate, fileAt)
  const sections = parseSections(raw, options.sections ?? NO_SECTIONS) as SectionValues<S>
  return { kind: 'valid', config, warnings: findDoubts(config).map(place), sections, absent }
}

interface Examined {
  readonly raw: unknown
  readonly findings: readonly Finding[]
  readonly absent: readonly string[]
  readonly fileAt: Interpolation['fileAt']
}

function examine(yaml: YamlDocument, source: ConfigSource, { sections, mayBeAbsent = [] }: ReadOptions): Examined {
  const { missing, findings, fileAt } = interpolate(yaml.document, source)
  const written: unknown = yaml.document.toJS({ maxAliasCount: -1 })
  const forgiven = findings.filter(({ path, isAbsence }) => isAbsence && findAbsence(path, mayBeAbsent) !== undefined)
  const counted = findings.filter((finding) => !forgiven.includes(finding) && !isUnread(finding.path[0], sections))
  const isMissing = ({ path }: Finding) => missing.has(yaml.nodeAt(path))
  // An alias may bring what is forgiven in one place to another, where it is not.
  const isExplained = ({ path }: Finding) =>
    findAbsence(path, mayBeAbsent) !== undefined || counted.some((one) => yaml.nodeAt(one.path) === yaml.nodeAt(path))
  const described = findIssues(written, composeSchema(sections?.schemas))
  const raw = withStandIns(
    written,
    described.filter(isMissing).map(({ path }) => path),
    mayBeAbsent,
  )
  const draft = buildDraft(raw)
  return {
    raw,
    findings: [
      ...counted,
      ...described.filter((finding) => finding.kind !== 'value' || !isMissing(finding) || !isExplained(finding)),
      ...findContradictions(draft),
      ...(sections?.findContradictions(pickSections(raw, sections), draft.realms) ?? []),
      ...findMissingBundles(draft, source),
      ...findMissingKeyFiles(draft, source, mayBeAbsent),
    ],
    absent: formatAbsences(forgiven.map(({ path }) => path)),
    fileAt,
  }
}

function findIssues(raw: unknown, schema: z.ZodType): readonly Finding[] {
  const issues = schema.safeParse(raw, { error: expectedText }).error?.issues ?? []
  return issues.flatMap((issue) => describeIssue(issue, { raw, schema }))
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
function findMissingKeyFiles(
  { sections: { keys = [] } }: Draft,
  { readFile }: ConfigSource,
  mayBeAbsent: readonly Absence[],
): readonly Finding[] {
  if (keys.length < 2 || findAbsence(['keys', 0], mayBeAbsent) !== undefined) return []
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
