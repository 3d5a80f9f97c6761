// Compiled, never run: what cannot be written cannot be sent.
import type { Cookie } from '../../src/http/cookies.ts'

export const secure: Cookie = { prefix: '__Host-Http-', base: 'doorman' }
export const plain: Cookie = { prefix: '', base: 'doorman-4000' }

// @ts-expect-error a prefix that browsers do not enforce
export const otherPrefix: Cookie = { prefix: '__Secure-', base: 'doorman' }
// @ts-expect-error Secure follows from the prefix and cannot be taken away
export const insecure: Cookie = { prefix: '__Host-', base: 'doorman', secure: false }
// @ts-expect-error there is no Domain
export const shared: Cookie = { prefix: '__Host-', base: 'doorman', domain: 'example.com' }
// @ts-expect-error there is no Path
export const narrow: Cookie = { prefix: '__Host-', base: 'doorman', path: '/app' }
