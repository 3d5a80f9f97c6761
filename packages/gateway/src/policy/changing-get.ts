// A GET that changes something, kept for front ends that know no other: whose it is. Every page can make a browser send
// one, by a link, an image, a frame or a redirect, and browsers themselves send some before they are asked.
import { type ChangingGetOrigin, isAheadOfTime, isNavigation, requestUse } from '../http/navigation.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import { judgeOrigin, type OriginRules } from './csrf.ts'

type JudgedRequest = Pick<GatewayRequest, 'headers'>

export function judgeChangingGet(request: JudgedRequest, rules: OriginRules): ChangingGetOrigin {
  if (isAheadOfTime(request)) return 'refused'
  if (isOwn(request, rules)) return 'own'
  return isNavigation(request) ? 'elsewhere' : 'refused'
}

function isOwn(request: JudgedRequest, rules: OriginRules): boolean {
  const site = header(request, 'sec-fetch-site')
  if (site === undefined) return hasOwnReferer(request, rules) || mayPost(request, rules)
  // An image or a frame in our own page may be somebody else's words: a comment, a profile.
  const use = requestUse(request)
  if (use === 'document') return site === 'none' ? request.headers.origin === undefined : mayPost(request, rules)
  return use === 'fetch' && header(request, 'sec-fetch-dest') === 'empty' && mayPost(request, rules)
}

function mayPost({ headers }: JudgedRequest, rules: OriginRules): boolean {
  return judgeOrigin({ method: 'POST', headers }, rules).kind === 'accepted'
}

/** Of browsers before Fetch Metadata. Pages can drop it, which proves nothing, and cannot write one of ours. */
function hasOwnReferer(request: JudgedRequest, { ownOrigin }: OriginRules): boolean {
  if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined) return false
  return URL.parse(header(request, 'referer') ?? '')?.origin === ownOrigin
}
