// What may be said of text that is not ours. A foreign message may quote a URL, a header or a body, so everything that
// could be a token, code, state, verifier, cookie or secret is taken out: rather too much than too little.

const MARK = '[redacted]'
const MAX_CHARACTERS = 400

const SECRET_WORD =
  '[\\w-]*(?:token|secret|password|cookie|authorization|verifier|nonce|assertion|credential|api[_-]?key)'
const VALUE = `(?:"[^"]*"|'[^']*'|[^\\s"',;&}]+)`

const RULES: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> = [
  // What a URL says after its path, and the password in front of its host.
  [/\?[^\s"'<>]+/g, `?${MARK}`],
  [/#[^\s"'<>]{16,}/g, `#${MARK}`],
  [/:\/\/[^\s/@"']+@/g, `://${MARK}@`],
  [/\b((?:set-)?cookie|authorization)\s*:.*/gi, `$1: ${MARK}`],
  [/\b(bearer|basic|dpop)\s+[^\s"',;]+/gi, `$1 ${MARK}`],
  [new RegExp(`\\b(${SECRET_WORD}["']?\\s*[=:]\\s*)${VALUE}`, 'gi'), `$1${MARK}`],
  [new RegExp(`\\b((?:code|state|session_state|session_code|sid)(?:=|["']\\s*:\\s*))${VALUE}`, 'gi'), `$1${MARK}`],
  [/\beyJ[\w-]{4,}(?:\.[\w-]*)*/g, MARK],
  // Keycloak's codes and session ids are UUIDs, alone or joined by dots.
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.[\w.-]*)?/gi, MARK],
]

export function redact(text: string): string {
  let safe = text.slice(0, 8 * MAX_CHARACTERS)
  for (const [pattern, replacement] of RULES) safe = safe.replace(pattern, replacement)
  safe = safe.replace(/[\w+=-]{16,}/g, redactRun)
  return safe.length > MAX_CHARACTERS ? `${safe.slice(0, MAX_CHARACTERS)}…` : safe
}

/** Host names and error words are of one case; what a random generator made is of both, or long. */
function redactRun(run: string): string {
  const isMixedCase = /[a-z]/.test(run) && /[A-Z]/.test(run)
  const hasDigit = /\d/.test(run)
  const isRandom = isMixedCase ? hasDigit || run.length >= 22 : hasDigit && run.length >= 32
  return isRandom ? MARK : run
}

const SECRET_KEY =
  /(?:token|secret|password|cookie|authorization|verifier|nonce|assertion|hint)$|^(?:code|state|sid|key)$/i

/** A named value: one whose name says that it is a secret is never shown, whatever it looks like. */
export function redactField(name: string, value: string | number | boolean): string | number | boolean {
  if (SECRET_KEY.test(name)) return MARK
  return typeof value === 'string' ? redact(value) : value
}
