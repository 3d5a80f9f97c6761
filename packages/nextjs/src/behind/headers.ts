// What goes on to a service. Who is calling is told by the token alone: everything in a header that
// a service could take for it is removed, by the gateway's own rules.
import { connectionOptions, createHeaderJudge } from '@doorman/gateway/wire'

type Header = readonly [name: string, value: string]

const judge = createHeaderJudge()

/** Next's own, which its server believes. */
const FAMILIES_OF_NEXT: readonly string[] = ['x-middleware', 'x-invoke', 'x-nextjs']

/** Cookies are this application's. What the gateway writes anew comes from the one in front. */
function isSentOn(name: string): boolean {
  const rule = judge(name)
  if (rule === 'drop' || rule === 'cookie') return false
  const folded = name.replaceAll(/[^a-z0-9]/g, '-')
  return !FAMILIES_OF_NEXT.some((family) => folded === family || folded.startsWith(`${family}-`))
}

/** `token` and `tenant` null: the service is told none. */
export function buildServiceHeaders(headers: Headers, token: string | null, tenant: string | null): readonly Header[] {
  const named = connectionOptions(headers.get('connection') ?? undefined)
  const kept = [...headers].filter(([name]) => isSentOn(name) && named?.includes(name) !== true)
  const own: readonly (readonly [string, string | null])[] = [
    ['authorization', token === null ? null : `Bearer ${token}`],
    ['x-tenant', tenant],
  ]
  return [...kept, ...own.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))]
}
