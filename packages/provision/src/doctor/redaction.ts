// Keeps what must not be told out of what others have said: a proxy's error page may quote what it was sent.
const MIN_SECRET_LENGTH = 4
const MAX_TOLD_LENGTH = 300

export interface Redaction {
  add(secret: string): void
  /** One printable line without any of the secrets. */
  clean(text: string): string
}

export function createRedaction(): Redaction {
  const forms = new Set<string>()
  return {
    add(secret) {
      if (secret.length < MIN_SECRET_LENGTH) return
      for (const form of [
        secret,
        encodeURIComponent(secret),
        new URLSearchParams({ '': secret }).toString().slice(1),
      ]) {
        forms.add(form)
      }
      forms.add(JSON.stringify(secret).slice(1, -1))
      forms.add(Buffer.from(secret).toString('base64'))
      forms.add(Buffer.from(secret).toString('base64url'))
    },
    clean(text) {
      const longestFirst = [...forms].toSorted((one, other) => other.length - one.length)
      return longestFirst.reduce(
        (told, form) => told.replaceAll(form, '(hidden)'),
        text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' '),
      )
    },
  }
}

/** Foreign text, cut to a length that a terminal can show. */
export function told(text: string): string {
  return text.slice(0, MAX_TOLD_LENGTH)
}
