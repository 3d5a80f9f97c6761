// What goes on to a service, and what comes back. Who is calling is told by the token alone: everything in a header that
// a service could take for it is removed, by the gateway's own rules.

type Header = readonly [name: string, value: string]

const OF_THE_CONNECTION: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Beside them what this server writes itself, and cookies: they are this application's. */
const NOT_SENT_ON: readonly string[] = [
  ...OF_THE_CONNECTION,
  'host',
  'expect',
  'http2-settings',
  'cookie',
  'authorization',
  'x-email',
  'x-groups',
  'x-roles',
  'x-role',
  'x-username',
  'x-userid',
  'x-id-token',
  'x-access-token',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-matched-path',
]

const FAMILIES_NOT_SENT_ON: readonly string[] = [
  'proxy',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-roles',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-forwarded-id-token',
  'x-forwarded-client-cert',
  'x-user',
  'x-auth',
  'x-authenticated',
  'x-authentik',
  'x-remote',
  'remote',
  'x-doorman',
  'x-webauth',
  'x-tenant',
  'x-client-cert',
  'client-cert',
  'x-ssl-client',
  'ssl-client',
  'x-internal',
  'x-consumer',
  'x-credential',
  'x-pomerium',
  'x-vouch',
  'x-amzn-oidc',
  'x-goog-authenticated-user',
  'x-goog-iap',
  'x-ms-client-principal',
  'x-ms-token',
  'cf-access',
  'oidc',
  'x-oidc',
  'impersonate',
  'x-original',
  // Next's own, which its server believes.
  'x-middleware',
  'x-invoke',
  'x-nextjs',
]

/** Names are folded: CGI and its like read `X_User`, `X.User` and `X-User` as one. */
export function isSentOn(name: string): boolean {
  const folded = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')
  if (NOT_SENT_ON.includes(folded)) return false
  return !FAMILIES_NOT_SENT_ON.some((family) => folded === family || folded.startsWith(`${family}-`))
}

/** `token` and `tenant` null: the service is told none. */
export function buildServiceHeaders(headers: Headers, token: string | null, tenant: string | null): readonly Header[] {
  const named = (headers.get('connection') ?? '').split(',').map((option) => option.trim().toLowerCase())
  const kept = [...headers].filter(([name]) => isSentOn(name) && !named.includes(name))
  const own: readonly (readonly [string, string | null])[] = [
    ['authorization', token === null ? null : `Bearer ${token}`],
    ['x-tenant', tenant],
  ]
  return [...kept, ...own.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))]
}

/** Of `rawHeaders`: names and values in turn. */
export function copyResponseHeaders(raw: readonly string[]): Headers {
  const headers = new Headers()
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? ''
    if (!OF_THE_CONNECTION.includes(name.toLowerCase())) headers.append(name, raw[at + 1] ?? '')
  }
  return headers
}
