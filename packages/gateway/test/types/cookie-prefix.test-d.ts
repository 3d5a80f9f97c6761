// Compiled, never run: what cannot be written cannot be sent.
import type { Cookie } from '../../src/http/cookies.ts'

export const secure: Cookie = { prefix: '__Host-Http-', base: 'doorman', sameSite: 'Lax' }
export const plain: Cookie = { prefix: '', base: 'doorman-4000', sameSite: 'Lax' }

// @ts-expect-error a prefix that browsers do not enforce
export const otherPrefix: Cookie = { prefix: '__Secure-', base: 'doorman', sameSite: 'Lax' }
// @ts-expect-error Secure follows from the prefix and cannot be taken away
export const insecure: Cookie = { prefix: '__Host-', base: 'doorman', sameSite: 'Lax', secure: false }
// @ts-expect-error there is no Domain
export const shared: Cookie = { prefix: '__Host-', base: 'doorman', sameSite: 'Lax', domain: 'example.com' }
// @ts-expect-error there is no Path
export const narrow: Cookie = { prefix: '__Host-', base: 'doorman', sameSite: 'Lax', path: '/app' }
// @ts-expect-error browsers take SameSite=None with Secure only
export const plainCrossSite: Cookie = { prefix: '', base: 'doorman-4000', sameSite: 'None' }
// @ts-expect-error no login comes back to a Strict cookie
export const strict: Cookie = { prefix: '__Host-', base: 'doorman', sameSite: 'Strict' }
