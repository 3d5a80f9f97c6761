// What need not be there yet when others than the gateway read the file: who makes a secret cannot be asked for it first.
import { generateKeyPairSync } from 'node:crypto'
import { CURVES } from './key-text.ts'
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
  { path: ['realms', '*', 'clientAuth'], instead: standInAuth },
  { path: ['services', '*', 'auth'], instead: () => ({ secret: STAND_IN }) },
  { path: ['session', 'store'], instead: standInStore },
  { path: ['keys', '*'], instead: () => STAND_IN },
]

// A client that signs stays one that signs: how it proves itself is no secret.
function standInAuth(found: unknown): unknown {
  const { algorithm, privateKey } = Object(found) as Readonly<Record<string, unknown>>
  if (privateKey === undefined) return { secret: STAND_IN }
  return { ...Object(found), privateKey: makeKey(String(algorithm)) }
}

/** Of nobody, and for nothing but to be read. */
function makeKey(algorithm: string): string {
  return makePair(algorithm).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

function makePair(algorithm: string) {
  const namedCurve = CURVES[algorithm]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve })
  return algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

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
