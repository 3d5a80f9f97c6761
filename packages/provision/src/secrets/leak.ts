// Whether what somebody else has said holds a secret, or a recognisable part of one.

const TELLING_LENGTH = 8

/** Also as Base64 at any offset, in hexadecimal digits, in a URL and in JSON, and broken into lines. */
export function holdsPartOf(text: string, secrets: readonly string[]): boolean {
  const compact = text.replace(/\s+/gu, '')
  return secrets.flatMap(formsOf).some((form) => partsOf(form).some((part) => compact.includes(part)))
}

function formsOf(secret: string): readonly string[] {
  if (secret === '') return []
  const bytes = Buffer.from(secret, 'utf8')
  const hex = bytes.toString('hex')
  const encoded = [0, 1, 2].flatMap((offset) => base64At(bytes, offset))
  return [secret, ...encoded, hex, hex.toUpperCase(), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
    .map((form) => form.replace(/\s+/gu, ''))
    .filter((form) => form !== '')
}

/** Without the characters at both ends, which depend on what stands around it. */
function base64At(bytes: Buffer, offset: number): readonly string[] {
  const around = Buffer.concat([Buffer.alloc(offset), bytes])
  const inner = (text: string) => text.slice(offset === 0 ? 0 : offset + 1, Math.floor((around.length * 8) / 6))
  return [inner(around.toString('base64')), inner(around.toString('base64url'))]
}

function partsOf(form: string): readonly string[] {
  if (form.length <= TELLING_LENGTH) return [form]
  return Array.from({ length: form.length - TELLING_LENGTH + 1 }, (_, at) => form.slice(at, at + TELLING_LENGTH))
}
