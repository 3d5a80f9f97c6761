// What becomes of a request header on its way to an upstream, by its name. Names are folded before they are judged:
// servers that turn headers into variables (CGI, WSGI, PHP) read `X_User`, `X.User` and `X-User` as one.

/**
 * `drop`: never forwarded. `own`: the gateway writes it anew for every request. `chain`: forwarded only from a peer that
 * may speak for a client.
 */
export type HeaderRule = 'keep' | 'drop' | 'own' | 'chain' | 'cookie'

/** RFC 9110 section 7.6.1, and what undici and we write ourselves. */
const CONNECTION_HEADERS = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
  'host',
  'proxy',
]

const OWN_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-request-id']

/** Who the caller is: told by credentials alone, so not even a trusted proxy may say it in a header. */
const IDENTITY_HEADERS = [
  'authorization',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-roles',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-forwarded-id-token',
  'x-forwarded-client-cert',
  'x-email',
  'x-groups',
  'x-roles',
  'x-role',
  'x-username',
  'x-userid',
  'x-id-token',
  'x-access-token',
]

const IDENTITY_FAMILIES = [
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
  'proxy',
]

/** Frameworks that honour these serve another path or method than the one that was authorised, or skip their own checks. */
const OVERRIDE_HEADERS = [
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-matched-path',
  'x-invoke-path',
  'x-middleware-rewrite',
  'x-middleware-subrequest',
]
const OVERRIDE_FAMILIES = ['x-original']

const CHAIN_HEADERS = [
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
]
const CHAIN_FAMILIES = ['x-forwarded', 'x-envoy']

/** Plain spellings pass; any other spelling of them is somebody's trick. */
const PLAIN_ONLY = ['cookie', 'content-length', 'content-type', 'content-encoding', 'origin', 'accept']
const PLAIN_ONLY_FAMILIES = ['sec']

const DROPPED = new Set([...CONNECTION_HEADERS, ...IDENTITY_HEADERS, ...OVERRIDE_HEADERS])
const OWN = new Set(OWN_HEADERS)
const DROPPED_FAMILIES = [...IDENTITY_FAMILIES, ...OVERRIDE_FAMILIES]

/** The rule for a header by the name it was sent with. */
function judgeHeader(name: string): HeaderRule {
  const lower = name.toLowerCase()
  const folded = lower.replaceAll(/[^a-z0-9]/g, '-')
  if (DROPPED.has(folded) || isOfFamily(folded, DROPPED_FAMILIES)) return 'drop'
  if (OWN.has(folded)) return folded === lower ? 'own' : 'drop'
  if (folded !== lower) {
    const isTrick = PLAIN_ONLY.includes(folded) || isOfFamily(folded, PLAIN_ONLY_FAMILIES)
    return isTrick || isChain(folded) ? 'drop' : 'keep'
  }
  if (lower === 'cookie') return 'cookie'
  return isChain(folded) ? 'chain' : 'keep'
}

function isChain(folded: string): boolean {
  return CHAIN_HEADERS.includes(folded) || isOfFamily(folded, CHAIN_FAMILIES)
}

function isOfFamily(name: string, families: readonly string[]): boolean {
  return families.some((family) => name === family || name.startsWith(`${family}-`))
}

const REMEMBERED_NAMES = 1000

/** Remembers its answers, a bounded number of them: names come from outside. */
export function createHeaderJudge(): (name: string) => HeaderRule {
  const rules = new Map<string, HeaderRule>()
  return (name) => {
    let rule = rules.get(name)
    if (rule === undefined) {
      rule = judgeHeader(name)
      if (rules.size < REMEMBERED_NAMES) rules.set(name, rule)
    }
    return rule
  }
}
