// An answer of the realm as data.
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

export function jsonAnswer(status: number, value: unknown, headers: Answer['headers'] = NO_STORE): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export function oauthError(status: number, error: string, description: string): Answer {
  return jsonAnswer(status, { error, error_description: description })
}

export function emptyAnswer(status: number): Answer {
  return { status, headers: NO_STORE, body: '' }
}

export function redirectAnswer(location: string): Answer {
  return { status: 302, headers: { ...NO_STORE, location }, body: '' }
}

export function htmlAnswer(status: number, body: string, styleNonce: string): Answer {
  return {
    status,
    headers: {
      ...NO_STORE,
      'content-type': 'text/html; charset=utf-8',
      // No form-action: Chromium applies it to every redirect after the post, and those end at the application.
      'content-security-policy': `default-src 'none'; style-src 'nonce-${styleNonce}'; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body,
  }
}
