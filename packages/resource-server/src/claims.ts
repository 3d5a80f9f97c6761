// Claims of unknown shape, read without ever trusting it: what is not as expected counts as absent.

export type Claims = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function readString(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export function readStrings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string' && item !== '') : []
}

/** Own members only, so that no name reaches a prototype. */
export function readMember(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Freezes JSON all the way down, without recursion: a token may nest as deep as it is long. */
export function freezeJson<T>(value: T): T {
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const item = waiting.pop()
    if (typeof item !== 'object' || item === null) continue
    Object.freeze(item)
    for (const member of Object.values(item)) waiting.push(member)
  }
  return value
}
