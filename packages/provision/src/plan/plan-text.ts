// A plan for the person who decides about it: what, field by field, and why.
import { stripVTControlCharacters, styleText } from 'node:util'
import type { Json } from '../wanted/wanted.ts'
import { canonical } from './fields.ts'
import type { Change, FieldChange, Plan, RealmPlan } from './plan.ts'

type Sign = '+' | '~' | '-' | '!'
const SIGNS: Readonly<Record<Change['action'], Sign>> = { create: '+', adopt: '~', update: '~', delete: '-' }
const COLOURS = { '+': 'green', '~': 'yellow', '-': 'red', '!': 'yellow' } as const satisfies Record<Sign, string>

/** Names from a realm get into these lines: none of them may steer a terminal, or turn a line around. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** One line of two columns; the first of them is padded. */
interface Line {
  readonly sign: Sign | ' '
  readonly indent: number
  readonly left: string
  readonly right: string
}

/** Lines with `+ ~ -` and a summary. `colours`: for a terminal; without them there is no escape sequence in the text. */
export function renderPlan(plan: Plan, { colours }: { readonly colours: boolean } = { colours: false }): string {
  const paint = colours ? paintLine : (line: string) => line
  const realms = plan.realms.filter(hasSomething).flatMap((realm) => [...renderRealm(realm, paint), ''])
  return [...realms, summarizePlan(plan)].join('\n')
}

/** Such as `3 to create, 1 to change, 0 to delete; 2 parts could not be seen`. */
function summarizePlan({ realms }: Plan): string {
  const changes = realms.flatMap((realm) => realm.changes)
  const foreign = realms.flatMap((realm) => realm.foreign).length
  const unseen = realms.flatMap((realm) => realm.unseen).length
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length
  const adopted = count('adopt') === 0 ? '' : `${count('adopt')} to adopt, `
  const counts = `${count('create')} to create, ${adopted}${count('update')} to change, ${count('delete')} to delete`
  return [
    changes.length === 0 && foreign === 0 ? 'In sync: nothing to change' : counts,
    ...(foreign === 0 ? [] : [`${foreign} left alone, because somebody else made ${foreign === 1 ? 'it' : 'them'}`]),
    ...(unseen === 0 ? [] : [`${unseen} ${unseen === 1 ? 'part' : 'parts'} could not be seen`]),
  ].join('; ')
}

function hasSomething({ changes, foreign, unseen }: RealmPlan): boolean {
  return changes.length + foreign.length + unseen.length > 0
}

function renderRealm(realm: RealmPlan, paint: Paint): readonly string[] {
  return [
    `realm ${realm.name} (${realm.issuer})`,
    ...alignLines([...realm.changes.flatMap(changeLines), ...realm.foreign.flatMap(foreignLines)], paint),
    ...(realm.unseen.length === 0 ? [] : ['  not seen, and nothing is said of it:']),
    ...realm.unseen.map(({ part, lacks }) => `      ${printable(part)} (needs ${lacks})`),
  ]
}

function changeLines(change: Change): readonly Line[] {
  const { kind, name, action, because } = change
  const remark = REMARKS[action]
  const right = remark === '' ? because : `${because}; ${remark}`
  return [{ sign: SIGNS[action], indent: 2, left: `${kind} ${name}`, right }, ...change.fields.flatMap(fieldLines)]
}

const REMARKS: Readonly<Record<Change['action'], string>> = {
  create: '',
  adopt: 'taken over as it is, but for these fields',
  update: '',
  delete: 'goes with --prune alone',
}

function foreignLines({ kind, clientId, because }: RealmPlan['foreign'][number]): readonly Line[] {
  const remedy = kind === 'client' ? 'adopt: true in its section of `clients` takes it over' : 'name another scope'
  return [{ sign: '!', indent: 2, left: `${kind} ${clientId}`, right: `left alone: ${because}; ${remedy}` }]
}

function fieldLines({ path, from, to }: FieldChange): readonly Line[] {
  if (Array.isArray(from) || Array.isArray(to)) return setLines(path, asList(from), asList(to))
  // A mapper as a whole: key by key, as when one of them differs.
  if (from === undefined && isMapping(to)) {
    return Object.entries(to).flatMap(([key, value]) => fieldLines({ path: `${path}.${key}`, from, to: value }))
  }
  if (from === undefined) return [fieldLine('+', path, show(to))]
  return [to === undefined ? fieldLine('-', path, show(from)) : fieldLine('~', path, `${show(from)} -> ${show(to)}`)]
}

function isMapping(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Only what comes and what goes, one a line. */
function setLines(path: string, from: readonly Json[], to: readonly Json[]): readonly Line[] {
  const without = (all: readonly Json[], others: readonly Json[]) =>
    all.filter((item) => !others.some((other) => canonical(other) === canonical(item)))
  return [
    ...without(from, to).map((item) => fieldLine('-', path, show(item))),
    ...without(to, from).map((item) => fieldLine('+', path, show(item))),
  ]
}

function asList(value: Json | undefined): readonly Json[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function fieldLine(sign: Sign, path: string, right: string): Line {
  return { sign, indent: 6, left: path, right }
}

function show(value: Json | undefined): string {
  return typeof value === 'string' && /^\([^()]*\)$/.test(value) ? value : canonical(value)
}

type Paint = (line: string, sign: Line['sign']) => string

/** Columns are as wide as their widest cell: one width for things, one for their fields. */
function alignLines(lines: readonly Line[], paint: Paint): readonly string[] {
  const printed = lines.map((line) => ({ ...line, left: printable(line.left), right: printable(line.right) }))
  const widthOf = (indent: number) =>
    Math.max(...printed.filter((line) => line.indent === indent).map(({ left }) => left.length))
  return printed.map(({ sign, indent, left, right }) =>
    paint(`${' '.repeat(indent)}${sign} ${left.padEnd(widthOf(indent))}  ${right}`, sign),
  )
}

function paintLine(line: string, sign: Line['sign']): string {
  return sign === ' ' ? line : styleText(COLOURS[sign], line, { validateStream: false })
}

function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, '\ufffd')
}
