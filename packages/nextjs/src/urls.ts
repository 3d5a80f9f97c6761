// Addresses of the gateway's endpoints, as paths: the page's own origin is the gateway's.

export interface SignInOptions {
  /** Path to come back to. Default `/`. */
  readonly returnTo?: string
  /** Credentials are asked for although the realm still knows the person. */
  readonly force?: boolean
  /** Words of `none login consent select_account create`. */
  readonly prompt?: string
  /** Credentials must not be older than this. */
  readonly maxAgeSeconds?: number
  readonly loginHint?: string
  /** Language tags, best first. */
  readonly uiLocales?: readonly string[]
  readonly acrValues?: readonly string[]
  /** Alias of an identity provider of the realm. */
  readonly identityProvider?: string
  /** Keycloak's `kc_action`, such as `UPDATE_PASSWORD`. */
  readonly action?: string
}

export interface SignOutOptions {
  /** Path to come back to. Default `/`. */
  readonly returnTo?: string
}

export const OWN_PATH = '/auth'
export const LOGIN_PATH = '/auth/login'
export const LOGOUT_PATH = '/auth/logout'
export const EVENTS_PATH = '/auth/events'

/** For an `<a>`, never for `next/link`, which would fetch it. */
export function signInUrl(options: SignInOptions = {}): string {
  return withQuery(LOGIN_PATH, {
    return_to: options.returnTo,
    force: options.force === true ? 'true' : undefined,
    prompt: options.prompt,
    max_age: options.maxAgeSeconds?.toString(),
    login_hint: options.loginHint,
    ui_locales: options.uiLocales?.join(' '),
    acr_values: options.acrValues?.join(' '),
    kc_idp_hint: options.identityProvider,
    kc_action: options.action,
  })
}

/** For the `action` of a form with `method="post"`. */
export function signOutUrl(options: SignOutOptions = {}): string {
  return withQuery(LOGOUT_PATH, { return_to: options.returnTo })
}

function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value)
  return query.size === 0 ? path : `${path}?${query}`
}
