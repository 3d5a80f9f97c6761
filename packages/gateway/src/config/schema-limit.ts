// Rate limits: how many requests, of whom.
import { z } from 'zod'
import type { LimitConfig, LimitKey } from './gateway-config.ts'
import { flag, parsed, wholeNumber } from './schema-values.ts'

const WINDOW_SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 }
const RATE = /^([1-9]\d{0,8})\/(s|min|h|d)$/
const MAX_BURST = 1_000_000

function parseRate(value: string): Pick<LimitConfig, 'requests' | 'windowSeconds'> | undefined {
  const [, requests, window = ''] = RATE.exec(value) ?? []
  const windowSeconds = WINDOW_SECONDS[window]
  return windowSeconds === undefined ? undefined : { requests: Number(requests), windowSeconds }
}

const rate = parsed('a rate such as 100/min (per s, min, h or d)', parseRate).meta({
  description: 'Requests let through in each window. Beyond them 429, with `Retry-After`.',
  'x-type': 'rate: requests per `s`, `min`, `h` or `d`',
  pattern: String.raw`^[1-9]\d{0,8}/(s|min|h|d)$|\$\{`,
})

const burst = wholeNumber(0, MAX_BURST).default(0).meta({
  description: 'Requests beyond the rate, once saved up.',
  'x-type': 'number of requests',
})

const LIMIT_KEYS = ['user', 'session', 'ip', 'tenant', 'client'] as const satisfies readonly LimitKey[]

export const limit = z.strictObject({
  rate,
  burst,
  by: z
    .enum(LIMIT_KEYS, `one of ${LIMIT_KEYS.join(', ')}`)
    .default('user')
    .meta({
      description: 'Whose requests are counted together. Whoever is not known counts by address.',
    }),
  shared: flag('Counted together by all processes, in `session.store`, which is then Redis or PostgreSQL.'),
})

const addressLimit = z.strictObject({
  rate,
  burst,
  by: z.literal('ip', 'ip: nobody is known before a login').default('ip').meta({
    description: 'Addresses only: nobody is known before a login.',
  }),
})

const LOGIN_LIMIT = 'false, or a mapping such as { rate: 600/min, burst: 200 }'

export const loginLimit = z.union([z.literal(false, LOGIN_LIMIT), addressLimit], LOGIN_LIMIT)

type ParsedLimit = z.output<typeof limit> | z.output<typeof addressLimit>

export function resolveLimit(parsed: ParsedLimit | undefined): LimitConfig | null {
  if (parsed === undefined) return null
  return { ...parsed.rate, burst: parsed.burst, by: parsed.by, isShared: 'shared' in parsed && parsed.shared }
}
