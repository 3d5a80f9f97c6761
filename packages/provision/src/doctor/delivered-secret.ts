// The secret that a consumer on this machine reads, taken from where it was delivered.
import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { parseTemplate, type TemplatePart } from '../wanted/template.ts'
import type { WantedDelivery } from '../wanted/wanted.ts'

export type DeliveredSecret =
  | { readonly kind: 'found'; readonly secret: string; readonly place: string }
  | { readonly kind: 'unread'; readonly because: string }

/** From the first delivery to a file that can be read. Never rejects. */
export async function readDeliveredSecret(deliveries: readonly WantedDelivery[]): Promise<DeliveredSecret> {
  const reasons: string[] = []
  for (const delivery of deliveries) {
    const read = await readDelivery(delivery)
    if (read.kind === 'found') return read
    reasons.push(read.because)
  }
  return { kind: 'unread', because: reasons.length === 0 ? 'it is delivered nowhere' : reasons.join('; ') }
}

async function readDelivery(delivery: WantedDelivery): Promise<DeliveredSecret> {
  if (delivery.kind === 'kubernetes') return unread(`Secret ${delivery.name} is in a cluster`)
  if (delivery.kind === 'command') return unread('what a command was given cannot be read again')
  const { path } = delivery
  const text = await readText(path)
  if (text === undefined) return unread(`${path} cannot be read`)
  const secret = delivery.kind === 'file' ? extractSecret(delivery.template, text) : readEnv(delivery.keys, text)
  return secret === undefined
    ? unread(`${path} holds no client secret`)
    : { kind: 'found', secret, place: `file ${path}` }
}

function unread(because: string): DeliveredSecret {
  return { kind: 'unread', because }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

function readEnv(keys: Readonly<Record<string, string>>, text: string): string | undefined {
  const held = parseEnv(text)
  const found = Object.entries(keys).map(([key, template]) => extractSecret(template, held[key] ?? ''))
  return found.find((secret) => secret !== undefined)
}

/** What stands in the place of `{{clientSecret}}`. */
export function extractSecret(template: string, text: string): string | undefined {
  const parsed = parseTemplate(template)
  if (parsed.kind === 'invalid' || !parsed.parts.some(isSecret)) return undefined
  const source = parsed.parts.map(patternOf).join('')
  return new RegExp(`^${source}\\s*$`, 's').exec(text)?.groups?.secret
}

function isSecret(part: TemplatePart): boolean {
  return part.kind === 'placeholder' && part.name === 'clientSecret'
}

function patternOf(part: TemplatePart, index: number, parts: readonly TemplatePart[]): string {
  if (part.kind === 'text') return part.text.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&')
  if (!isSecret(part)) return '.*?'
  return parts.findIndex(isSecret) === index ? '(?<secret>\\S+?)' : '\\k<secret>'
}
