// The statements of a declaration file as the compiler writes it, each with its comment. The interface of TypeScript 7 itself
// is unstable by its name; what tsc writes is regular enough to be read by its brackets.

export interface Statement {
  /** Without stars; empty where there is none. */
  readonly comment: string
  readonly text: string
}

const SKIPPED = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/y
/** What ends with its bracket; everything else ends with a semicolon. */
const BLOCK = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|class|namespace|module|global|enum) /

export function parseStatements(source: string): readonly Statement[] {
  const statements: Statement[] = []
  let position = 0
  while (position < source.length) {
    const { comment, start } = skipComments(source, position)
    if (start >= source.length) break
    const end = findEnd(source, start)
    statements.push({ comment, text: source.slice(start, end).trim() })
    position = end
  }
  return statements
}

/** The last comment before a statement is the one about it. */
function skipComments(source: string, position: number): { readonly comment: string; readonly start: number } {
  const gap = /\s+|\/\*\*([\s\S]*?)\*\/|\/\*[\s\S]*?\*\/|\/\/[^\n]*/y
  let comment = ''
  let start = position
  gap.lastIndex = start
  for (let match = gap.exec(source); match !== null; match = gap.exec(source)) {
    comment = match[1] === undefined ? comment : plainComment(match[1])
    start = gap.lastIndex
  }
  return { comment, start }
}

function plainComment(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  return lines.join('\n').trim()
}

function findEnd(source: string, start: number): number {
  const isBlock = BLOCK.test(source.slice(start, start + 80))
  let depth = 0
  for (let index = start; index < source.length; index += 1) {
    SKIPPED.lastIndex = index
    if (SKIPPED.test(source)) {
      index = SKIPPED.lastIndex - 1
      continue
    }
    const character = source.charAt(index)
    if ('{[('.includes(character)) depth += 1
    if ('}])'.includes(character)) depth -= 1
    if (depth === 0 && (character === ';' || (isBlock && character === '}'))) return index + 1
  }
  return source.length
}
