// The YAML text with the place of every key and value in it.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import type { ConfigPath } from './problems.ts'

export interface Place {
  readonly line: number
  readonly column: number
}

export interface SyntaxProblem extends Place {
  readonly message: string
}

export interface YamlDocument {
  readonly document: Document
  readonly syntaxProblems: readonly SyntaxProblem[]
  /** False when the text has no structure to go on with. */
  readonly isReadable: boolean
  /** Where a key's value stands, or where it is missing from. */
  placeOfValue(path: ConfigPath): Place
  placeOfKey(path: ConfigPath): Place
  /** The node at a path; undefined when the file says nothing there. */
  nodeAt(path: ConfigPath): Node | undefined
}

export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })

  function place(offset: number | undefined): Place {
    const { line, col } = lines.linePos(offset ?? 0)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  function descend(path: ConfigPath): { readonly reached: Step; readonly complete: boolean } {
    let reached: Step = { key: undefined, value: resolve(document.contents, document) }
    for (const part of path) {
      const step = stepInto(reached.value, part, document)
      if (step === undefined) return { reached, complete: false }
      reached = step
    }
    return { reached, complete: true }
  }

  const libraryErrors = [...document.errors, ...document.warnings].map(asMark)
  const errors = [...libraryErrors, ...findBadAliases(document), ...findPrototypeKeys(document)]
  return {
    document,
    isReadable: errors.every(({ code }) => code === 'DUPLICATE_KEY'),
    syntaxProblems: errors.map(({ code, offset }) => ({ ...place(offset), message: describeSyntax(code) })),
    placeOfValue(path) {
      const { reached, complete } = descend(path)
      return place(complete ? startOf(reached.value ?? reached.key) : startOf(reached.key ?? reached.value))
    },
    placeOfKey(path) {
      const { reached } = descend(path)
      return place(startOf(reached.key ?? reached.value))
    },
    nodeAt(path) {
      const { reached, complete } = descend(path)
      return complete ? reached.value : undefined
    },
  }
}

interface Step {
  readonly key: Node | undefined
  readonly value: Node | undefined
}

function stepInto(node: Node | undefined, part: string | number, document: Document): Step | undefined {
  if (isMap(node)) {
    const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
    if (pair === undefined) return undefined
    return { key: isNode(pair.key) ? pair.key : undefined, value: resolve(pair.value, document) }
  }
  const item = isSeq(node) && typeof part === 'number' ? node.items[part] : undefined
  return isNode(item) ? { key: undefined, value: resolve(item, document) } : undefined
}

function resolve(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isNode(node) ? node : undefined
}

function startOf(node: Node | undefined): number | undefined {
  return node?.range?.[0]
}

type SyntaxCode = YAMLError['code'] | 'PROTOTYPE_KEY'

interface SyntaxMark {
  readonly code: SyntaxCode
  readonly offset: number | undefined
}

function asMark({ code, pos }: YAMLError): SyntaxMark {
  return { code, offset: pos[0] }
}

// The parser leaves it to the reader to find these.
function findBadAliases(document: Document): readonly SyntaxMark[] {
  const marks: SyntaxMark[] = []
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) === undefined) marks.push({ code: 'BAD_ALIAS', offset: startOf(node) })
    },
  })
  return marks
}

// The schema would pass over this key without a word, and a rule below it would hold nobody back.
function findPrototypeKeys(document: Document): readonly SyntaxMark[] {
  const marks: SyntaxMark[] = []
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === '__proto__') marks.push({ code: 'PROTOTYPE_KEY', offset: startOf(key) })
    },
  })
  return marks
}

// The library's own texts quote the source, which may be a secret.
const SYNTAX: Readonly<Partial<Record<SyntaxCode, string>>> = {
  BAD_ALIAS: 'an alias (*) without its anchor (&); quote a value that begins with *',
  BAD_DQ_ESCAPE: 'an unknown escape in double quotes; use single quotes for a text with backslashes',
  BAD_INDENT: 'the indentation does not fit',
  BAD_SCALAR_START: 'a plain value cannot begin with this character; quote it',
  DUPLICATE_KEY: 'this key stands here twice',
  MISSING_CHAR: 'a closing quote, bracket, colon or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line, followed by a colon',
  MULTIPLE_DOCS: 'only one document per file',
  PROTOTYPE_KEY: 'no name may be __proto__',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'an unknown tag (!); quote a value that begins with !',
}

function describeSyntax(code: SyntaxCode): string {
  return SYNTAX[code] ?? `this is not valid YAML (${code})`
}
