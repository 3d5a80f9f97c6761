// What is wrong with a configuration, for people and for programs. Never repeats a value that may be a secret.

export type ConfigPath = readonly (string | number)[]

export type ProblemKind =
  | 'file'
  | 'syntax'
  | 'interpolation'
  | 'unknown-key'
  | 'name'
  | 'missing'
  | 'value'
  | 'contradiction'
  | 'doubtful'

/** A problem by its key, before its place in the file is known. */
export interface Finding {
  readonly kind: ProblemKind
  readonly path: ConfigPath
  readonly message: string
  readonly suggestion: string | null
}

/** A problem with its place; lines and columns count from 1. */
export interface ConfigProblem {
  readonly kind: ProblemKind
  readonly file: string
  readonly line: number
  readonly column: number
  /** Such as `routes[1].require`; empty for the file as a whole. */
  readonly key: string
  readonly message: string
  /** What to write instead, when that can be guessed. */
  readonly suggestion: string | null
}

export function contradiction(path: ConfigPath, message: string, suggestion: string | null = null): Finding {
  return { kind: 'contradiction', path, message, suggestion }
}

export function doubt(path: ConfigPath, message: string, suggestion: string | null = null): Finding {
  return { kind: 'doubtful', path, message, suggestion }
}

export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/** One line: `doorman.yaml:3:1 publicURL: unknown key; did you mean publicUrl?` */
export function formatProblem({ file, line, column, key, message, suggestion }: ConfigProblem): string {
  const place = `${file}:${line}:${column}`
  const subject = key === '' ? message : `${key}: ${message}`
  return suggestion === null ? `${place} ${subject}` : `${place} ${subject}; ${suggestion}`
}
