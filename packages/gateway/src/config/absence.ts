// What need not be there yet when others than the gateway read the file: who makes a secret cannot be asked for it first.
import { type ConfigPath, formatPath } from './problems.ts'
import { parseStore } from './store-address.ts'

/** A place whose `${NAME}` and `${file:PATH}` may lead to nothing, with everything below it. */
export interface Absence {
  /** `*` stands for any one part. */
  readonly path: readonly string[]
  /** What stands there instead, so that the rest can be read; without it the section is not given. */
  readonly instead?: (found: unknown) => unknown
}

/** Long enough for every secret, and none. */
const STAND_IN = 'not-there-yet-not-there-yet-not-there-yet'

/** The secrets that the gateway itself runs on. */
export const GATEWAY_SECRETS: readonly Absence[] = [
  { path: ['realms', '*', 'clientAuth'], instead: () => ({ secret: STAND_IN }) },
  { path: ['services', '*', 'auth'], instead: () => ({ secret: STAND_IN }) },
  { path: ['session', 'store'], instead: standInStore },
  { path: ['keys', '*'], instead: () => STAND_IN },
]

// Mostly the password alone is missing, and the address can be understood without it.
function standInStore(found: unknown): unknown {
  return typeof found === 'string' && parseStore(found) !== undefined ? found : 'postgres://doorman@localhost/doorman'
}

export function findAbsence(path: ConfigPath, absences: readonly Absence[]): Absence | undefined {
  return absences.find((absence) =>
    absence.path.every((part, index) => index < path.length && (part === '*' || part === path[index])),
  )
}

/** The value with stand-ins at these paths; the value itself is left as it is. */
export function withStandIns(raw: unknown, paths: readonly ConfigPath[], absences: readonly Absence[]): unknown {
  return paths.reduce((value, path) => {
    const absence = findAbsence(path, absences)
    if (absence?.instead === undefined) return value
    return replaceAt(value, path.slice(0, absence.path.length), absence.instead)
  }, raw)
}

function replaceAt(value: unknown, [part, ...rest]: ConfigPath, replace: (found: unknown) => unknown): unknown {
  if (part === undefined) return replace(value)
  if (Array.isArray(value)) return value.map((item, index) => (index === part ? replaceAt(item, rest, replace) : item))
  if (typeof value !== 'object' || value === null) return value
  const found: unknown = (value as Record<string | number, unknown>)[part]
  return { ...value, [part]: replaceAt(found, rest, replace) }
}

/** The key that is told, such as `realms.main.clientAuth.secret`. */
export function formatAbsences(paths: readonly ConfigPath[]): readonly string[] {
  return [...new Set(paths.map(formatPath))]
}
