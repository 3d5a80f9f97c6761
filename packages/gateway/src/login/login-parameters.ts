// What `/auth/login` takes. Each parameter has a form and must be allowed by the configuration; anything else is
// refused, so that nobody can smuggle a parameter of the authorization request in.
import { parseQuery, refuseOthers } from '../http/query.ts'
import type { GatewayRequest } from '../http/request.ts'
import { type Frontends, parseReturnTo } from '../http/return-to.ts'
import { GatewayError } from '../kernel/errors.ts'
import { buildWish, type LoginWish } from './login-wish.ts'

export type LoginParameter =
  | 'kc_idp_hint'
  | 'force'
  | 'prompt'
  | 'max_age'
  | 'login_hint'
  | 'ui_locales'
  | 'acr_values'
  | 'kc_action'

/** `any` value of the parameter's form, or one of those listed; an empty list refuses the parameter. */
export type AllowedValues = 'any' | readonly string[]

export type AllowedParameters = Readonly<Record<LoginParameter, AllowedValues>>

interface ParameterForm {
  readonly form: RegExp
  /** The parts of a value that must each be allowed. */
  readonly parts: (value: string) => readonly string[]
}

const whole = (value: string) => [value]
const words = (value: string) => value.split(' ')

const FORMS: Readonly<Record<LoginParameter, ParameterForm>> = {
  kc_idp_hint: { form: /^[\w.:-]{1,255}$/, parts: whole },
  force: { form: /^(?:true|false)$/, parts: whole },
  prompt: {
    form: /^(?:none|(?:login|consent|select_account|create)(?: (?:login|consent|select_account|create))*)$/,
    parts: words,
  },
  max_age: { form: /^\d{1,9}$/, parts: whole },
  login_hint: { form: /^\P{Cc}{1,255}$/u, parts: whole },
  ui_locales: { form: /^[A-Za-z0-9-]{1,35}(?: [A-Za-z0-9-]{1,35}){0,9}$/, parts: words },
  acr_values: { form: /^[\w.:/-]{1,100}(?: [\w.:/-]{1,100}){0,4}$/, parts: words },
  // Keycloak writes an action's own argument behind a colon: `delete_credential:ID`.
  kc_action: { form: /^[\w-]{1,100}(?::[\w.-]{1,100})?$/, parts: (value) => value.split(':', 1) },
}

/** All of them together, as they travel in the attempt's cookie. */
const PARAMETERS_MAX_BYTES = 750

const NAMES = Object.keys(FORMS) as readonly LoginParameter[]

/** Throws `ERR_REQUEST_MALFORMED` for what is unknown, doubled, not allowed, or contradicts itself. */
export function parseLoginWish(
  request: Pick<GatewayRequest, 'search' | 'headers'>,
  allowed: AllowedParameters,
  frontends: Frontends,
): LoginWish {
  const query = parseQuery(request.search)
  refuseOthers(query, ['return_to', ...NAMES])
  const parameters: Record<string, string> = {}
  for (const name of NAMES) {
    const value = query.get(name)
    if (value === undefined) continue
    validateParameter(name, value, allowed[name])
    parameters[name] = value
  }
  if (Buffer.byteLength(JSON.stringify(parameters)) > PARAMETERS_MAX_BYTES) {
    throw new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'parameters-too-long' })
  }
  const returnTo = parseReturnTo(query.get('return_to') ?? null, frontends, request)
  return buildWish(returnTo, translateForce(parameters))
}

function validateParameter(name: LoginParameter, value: string, allowed: AllowedValues): void {
  const { form, parts } = FORMS[name]
  if (!form.test(value)) throw malformed(name, 'form')
  if (allowed !== 'any' && !parts(value).every((part) => allowed.includes(part))) throw malformed(name, 'not-allowed')
}

/** `force=true` is our word for `prompt=login`; Keycloak never sees it. */
function translateForce({ force, ...parameters }: Record<string, string>): Record<string, string> {
  if (force !== 'true') return parameters
  if (parameters.prompt !== undefined) throw malformed('force', 'contradicts-prompt')
  return { ...parameters, prompt: 'login' }
}

function malformed(parameter: LoginParameter, reason: string): GatewayError {
  return new GatewayError('ERR_REQUEST_MALFORMED', { parameter, reason })
}
