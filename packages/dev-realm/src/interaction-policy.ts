// When a person must be asked.
import { interactionPolicy, type KoaContext } from 'oidc-provider'
import { needsStepUp } from './acr.ts'

const { base, Check, Prompt } = interactionPolicy

/** Actions an application may ask for; others come back as `kc_action_status=error` without a page. */
const ACTIONS = ['UPDATE_PASSWORD', 'UPDATE_PROFILE', 'CONFIGURE_TOTP', 'VERIFY_EMAIL', 'delete_account']

export function buildInteractionPolicy(): unknown {
  const policy = base()
  policy.remove('consent')
  const stepUp = new Check('step_up', 'a stronger login was asked for', 'login_required', ({ oidc }: KoaContext) => {
    return oidc.result?.login === undefined && needsStepUp(oidc.session.acr, oidc.params.acr_values)
  })
  policy.get('login')?.checks.add(stepUp)
  const action = new Check('action', 'an action was asked for', 'interaction_required', ({ oidc }: KoaContext) => {
    return oidc.result?.action === undefined && ACTIONS.includes(oidc.params.kc_action ?? '')
  })
  policy.add(new Prompt({ name: 'action', requestable: false }, action))
  return policy
}
