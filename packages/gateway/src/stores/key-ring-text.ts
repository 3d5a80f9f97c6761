// The text of a key ring: one key per line, oldest first: `<id> <made at> <key>`, or the key alone, whose id is then the
// beginning of its SHA-256. No I/O, and no message ever quotes a line.
import { createHash, randomBytes } from 'node:crypto'
import { GatewayError } from '../kernel/errors.ts'
import type { RingKey } from '../kernel/seal.ts'
import type { EpochSeconds } from '../kernel/time.ts'

const KEY_BYTES = 32
const KEY_ID_BYTES = 8

const KEY_ID = /^[0-9a-f]{16}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/
const HEX_KEY = /^[0-9a-fA-F]{64}$/
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/

export interface DatedKey extends RingKey {
  /** ISO 8601; null for a key that stands alone on its line. */
  readonly createdAt: string | null
}

/** Reads the text of a ring. Throws `ERR_CONFIG_INVALID` when a line makes no sense, a key repeats or none is there. */
export function parseKeyRing(text: string): readonly DatedKey[] {
  const keys: DatedKey[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const key = parseLine(line)
    if (key === undefined) throw ringError('malformed', index + 1)
    if (keys.some((other) => other.id === key.id)) throw ringError('repeated', index + 1)
    keys.push(key)
  }
  if (keys.length === 0) throw ringError('empty', 1)
  return keys
}

function parseLine(line: string): DatedKey | undefined {
  const fields = line.split(/\s+/)
  const secret = parseKey(fields.at(-1) ?? '')
  if (secret === undefined) return undefined
  if (fields.length === 1) return { id: deriveKeyId(secret), createdAt: null, secret }
  const [id, createdAt] = fields
  if (fields.length !== 3 || id === undefined || createdAt === undefined) return undefined
  if (!KEY_ID.test(id) || !INSTANT.test(createdAt) || Number.isNaN(Date.parse(createdAt))) return undefined
  return { id, createdAt, secret }
}

function parseKey(text: string): Buffer | undefined {
  if (HEX_KEY.test(text)) return Buffer.from(text, 'hex')
  // Node decodes both alphabets of base64.
  return BASE64_KEY.test(text) ? Buffer.from(text, 'base64') : undefined
}

function deriveKeyId(secret: Buffer): string {
  return createHash('sha256')
    .update(secret)
    .digest('hex')
    .slice(0, 2 * KEY_ID_BYTES)
}

function ringError(reason: 'malformed' | 'repeated' | 'empty', line: number): GatewayError {
  return new GatewayError('ERR_CONFIG_INVALID', { reason: `key-ring-${reason}`, line })
}

export interface NewKeyLine {
  readonly id: string
  readonly line: string
}

export function buildKeyLine(now: EpochSeconds): NewKeyLine {
  const id = randomBytes(KEY_ID_BYTES).toString('hex')
  const secret = randomBytes(KEY_BYTES).toString('base64url')
  return { id, line: `${id} ${new Date(now * 1000).toISOString()} ${secret}\n` }
}

/** The text without the lines of a key. */
export function removeKeyLine(text: string, id: string): string {
  return text
    .split('\n')
    .filter((line) => parseLine(line.trim())?.id !== id)
    .join('\n')
}
