// The value of an `Authorization` header: RFC 6750 section 2.1.
import { invalidRequest, tokenRequired } from './refusals.ts'

const BEARER = /^bearer(?: |$)/i
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * The token in it. Throws `BearerError`: 401 without a code for no credential or one of another scheme, 400
 * `invalid_request` for one that makes no sense, such as several.
 */
export function parseAuthorization(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw tokenRequired('absent')
  if (!BEARER.test(authorization)) throw tokenRequired('scheme')
  const token = authorization.slice('bearer'.length).replace(/^ +/, '')
  if (B64_TOKEN.test(token)) return token
  throw invalidRequest(/[ ,]/.test(token) ? 'several' : 'malformed')
}
