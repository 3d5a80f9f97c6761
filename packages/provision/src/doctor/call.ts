// One HTTP call, and its answer or failure as a value. What was sent never gets into either.

export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly location: string | null
      /** The header `Date`, in seconds since 1970; null: there is none. */
      readonly dateSeconds: number | null
      /** Empty for what is no JSON object. */
      readonly body: Readonly<Record<string, unknown>>
      readonly isJson: boolean
    }
  /** `code`: Node's or OpenSSL's name of it, such as `ECONNREFUSED`; `timeout` for ours. */
  | { readonly kind: 'failed'; readonly code: string }

export interface Call {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: URLSearchParams
  readonly timeoutSeconds: number
}

/** More than any answer that is read here. */
const MAX_BODY_BYTES = 256 * 1024

/** Never rejects; redirects are answers. */
export async function ask({ url, method = 'GET', headers = {}, form, timeoutSeconds }: Call): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
      ...(form === undefined ? {} : { body: form }),
    })
    const object = parseObject(await readText(response))
    return {
      kind: 'answered',
      status: response.status,
      location: response.headers.get('location'),
      dateSeconds: parseDate(response.headers.get('date')),
      body: object ?? {},
      isJson: object !== undefined,
    }
  } catch (error) {
    return { kind: 'failed', code: codeOf(error) }
  }
}

/** Other content is not read: it may never end. */
async function readText({ headers, body }: Response): Promise<string> {
  if (body === null) return ''
  const isJson = /[/+]json\b/i.test(headers.get('content-type') ?? '')
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of isJson ? body : []) {
    parts.push(part)
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) break
  }
  if (!isJson) await body.cancel()
  return Buffer.concat(parts).toString('utf8')
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function parseDate(text: string | null): number | null {
  const milliseconds = text === null ? Number.NaN : Date.parse(text)
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000
}

function codeOf(error: unknown): string {
  if (error instanceof DOMException) return 'timeout'
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (!(cause instanceof Error)) return 'unknown'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
}

export function describeFailure({ code }: Answer & { readonly kind: 'failed' }): string {
  return code === 'timeout' ? 'does not answer in time' : `cannot be reached: ${code}`
}
