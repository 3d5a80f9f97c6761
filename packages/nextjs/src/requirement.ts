/** Who may pass, as `routes[].require`. Whatever else a route can require is the gateway's to require. */
export type ApiRequirement =
  /** Anonymous people pass without a credential, and whoever is logged in passes with it. */
  | { readonly login: 'optional'; readonly roles?: never; readonly tenant?: never }
  | {
      readonly login?: true
      /** Realm roles, one of which is enough. */
      readonly roles?: readonly string[]
      readonly tenant?: true
    }

export interface ApiProxyOptions {
  /** As in `services`. */
  readonly service: string
  /** Default: whoever is logged in. */
  readonly require?: ApiRequirement
  /** What is asked for there, such as `/v1/agent/*`, where `*` stands for the rest of the path. Default: the path as it came. */
  readonly rewrite?: string
}

const RULES: readonly string[] = ['login', 'roles', 'tenant']

/**
 * Throws a `TypeError` for a rule that is none: one that nobody looks at would let everybody pass whom it was to keep out.
 */
export function checkApiOptions({ service, require = {} }: ApiProxyOptions): void {
  const wrong = (problem: string) => new TypeError(`apiProxy of service ${service}: ${problem}`)
  for (const rule of Object.keys(require)) {
    if (!RULES.includes(rule)) throw wrong(`require.${rule} is unknown; require has ${RULES.join(', ')}`)
  }
  const { login = true, roles, tenant = true } = require
  if (login !== true && login !== 'optional') throw wrong('require.login is true or optional')
  if (roles !== undefined && !areNames(roles)) throw wrong('require.roles is a list of at least one name')
  if (tenant !== true) throw wrong('require.tenant is true or left out')
  if (login === 'optional' && (roles !== undefined || require.tenant !== undefined)) {
    throw wrong('require.login: optional lets strangers pass, who have neither roles nor a tenant')
  }
}

function areNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== '')
}
