// Fills in `${NAME}`, `${NAME:-default}` and `${file:PATH}`, once, in values that are strings. What was filled in is
// never looked at again, and never shown: it may be a secret.
import { type Document, isPair, isScalar, isSeq, type Scalar, visit } from 'yaml'
import { type ConfigPath, type Finding, formatPath } from './problems.ts'

export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The content of a file beside the configuration; undefined when it cannot be read. */
  readFile(path: string): string | undefined
}

export interface InterpolationFinding extends Finding {
  /** What it refers to is not there; otherwise the reference itself is wrong. */
  readonly isAbsence: boolean
}

export interface Interpolation {
  /** Nodes that could not be filled in; what else is wrong with their value is of no interest. */
  readonly missing: ReadonlySet<unknown>
  readonly findings: readonly InterpolationFinding[]
  /** Where a value is the content of one file and nothing else: its path, as the configuration names it. */
  fileAt(path: ConfigPath): string | undefined
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g
const VARIABLE = /^([A-Za-z_]\w*)(?::-(.*))?$/s
const WHOLE_FILE = /^\$\{file:([^}]+)\}$/

export function interpolate(document: Document, source: ConfigSource): Interpolation {
  const missing = new Set<unknown>()
  const findings: InterpolationFinding[] = []
  const files = new Map<string, string>()
  visit(document, {
    Scalar(role, node, ancestors) {
      if (role === 'key' || !isText(node) || !node.value.includes('${')) return
      const path = pathOf([...ancestors, node])
      // The file of a sealing key may still have to be made, and is read again when keys are rotated.
      const file = WHOLE_FILE.exec(node.value)?.[1]
      if (path[0] === 'keys' && file !== undefined) return
      if (file !== undefined) files.set(formatPath(path), file)
      const { value, problems } = fill(node.value, source)
      node.value = value
      if (problems.length > 0) missing.add(node)
      for (const problem of problems) findings.push({ kind: 'interpolation', path, ...problem, suggestion: null })
    },
  })
  return { missing, findings, fileAt: (path) => files.get(formatPath(path)) }
}

function pathOf(nodes: readonly unknown[]): ConfigPath {
  return nodes.flatMap((node, index): ConfigPath => {
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : '']
    return isSeq(node) ? [node.items.indexOf(nodes[index + 1])] : []
  })
}

function isText(node: unknown): node is Scalar<string> {
  return isScalar(node) && typeof node.value === 'string'
}

type Problem = Pick<InterpolationFinding, 'message' | 'isAbsence'>

function fill(text: string, source: ConfigSource): { readonly value: string; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const value = text.replaceAll(REFERENCE, (_, reference: string | undefined, end: string | undefined) => {
    if (reference === undefined) return '${'
    const found = end === '' ? wrong('a ${ without its }; write $${ for a literal ${') : look(reference, source)
    if (typeof found === 'string') return found
    problems.push(found)
    return ''
  })
  return { value, problems }
}

function wrong(message: string): Problem {
  return { message, isAbsence: false }
}

function absent(message: string): Problem {
  return { message, isAbsence: true }
}

function look(reference: string, { env, readFile }: ConfigSource): string | Problem {
  const path = /^file:(.+)$/s.exec(reference)?.[1]
  if (path !== undefined) return withoutFinalNewline(readFile(path)) ?? absent(`the file ${path} cannot be read`)
  const [, name, otherwise] = VARIABLE.exec(reference) ?? []
  if (name === undefined) return wrong('expected ${NAME}, ${NAME:-default} or ${file:PATH}')
  // As in a shell, an empty variable takes the default of `:-`, too.
  const value = otherwise === undefined ? env[name] : env[name] || otherwise
  return value ?? absent(`the environment variable ${name} is not set`)
}

function withoutFinalNewline(text: string | undefined): string | undefined {
  return text?.replace(/\r?\n$/, '')
}
