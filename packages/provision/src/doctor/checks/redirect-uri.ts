import { createHash, randomBytes } from 'node:crypto'
import { readNames } from '../../keycloak/observe-client.ts'
import { type Answer, ask } from '../call.ts'
import type { ClientFacts } from '../client-facts.ts'
import { type Evidence, type Finding, ok, unneeded, wrong } from '../finding.ts'
import type { DoctorLogin } from '../ground.ts'
import { told } from '../redaction.ts'
import { evidenceOf } from '../refusal.ts'

/** What a realm answers to `prompt=none` without a session when all is well (OpenID Connect Core 1.0 section 3.1.2.6). */
const HARMLESS: readonly string[] = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'temporarily_unavailable',
]

/** A login that nobody sees. Where Keycloak refuses it without a redirect, people would be stranded on its error page. */
export async function checkRedirectUri(facts: ClientFacts): Promise<Finding> {
  const { login } = facts.client
  if (login === null || login.redirectUris.length === 0) return unneeded('nobody logs in to it')
  for (const redirectUri of login.redirectUris) {
    const answer = await askLogin(facts, login, redirectUri)
    const found = await judge(facts, redirectUri, answer)
    if (found !== undefined) return found
  }
  return ok(login.redirectUris.join(', '))
}

function askLogin({ client, realm }: ClientFacts, { scopes }: DoctorLogin, redirectUri: string): Promise<Answer> {
  const { address, timeoutSeconds } = realm.realm
  const query = new URLSearchParams({
    client_id: client.clientId,
    redirect_uri: exampleOf(redirectUri),
    response_type: 'code',
    scope: scopes.join(' '),
    prompt: 'none',
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const url = `${address}/protocol/openid-connect/auth?${query}`
  return ask({ url, headers: { accept: 'text/html' }, timeoutSeconds })
}

/** One of those that a URI with a wildcard stands for. */
export function exampleOf(uri: string): string {
  return uri.replace(/\*$/, 'doorman-doctor')
}

async function judge(facts: ClientFacts, redirectUri: string, answer: Answer): Promise<Finding | undefined> {
  const { clientId } = facts.client
  const evidence = { clientId, redirectUri, ...evidenceOf(answer) }
  const location = answer.kind === 'answered' ? answer.location : null
  if (location === null) {
    if (answer.kind === 'answered' && answer.status === 400) return unregistered(facts, evidence)
    const cause = 'Keycloak neither lets a login begin nor refuses it'
    return wrong('login-refused', cause, 'look at its log, and at what stands before it', evidence)
  }
  const error = URL.parse(location)?.searchParams.get('error') ?? ''
  if (error === '' || HARMLESS.includes(error)) return undefined
  if (error === 'unauthorized_client') return flowOff(clientId, { ...evidence, error })
  if (error === 'invalid_scope') {
    const { scopes = [] } = facts.client.login ?? {}
    const cause = `${clientId} may not ask for one of the scopes ${scopes.join(', ')}`
    return wrong('scope-refused', cause, 'assign it to the client as an optional scope, or run doorman apply', {
      ...evidence,
      error,
    })
  }
  const cause = `Keycloak refuses logins to ${clientId}: ${told(error)}`
  return wrong('login-refused', cause, 'see what Keycloak says in its log', { ...evidence, error: told(error) })
}

async function unregistered(facts: ClientFacts, evidence: Evidence): Promise<Finding> {
  const { clientId } = facts.client
  const seen = await facts.look()
  if (seen.kind === 'seen' && seen.client.settings.standardFlowEnabled === false) {
    return flowOff(clientId, evidence)
  }
  const registered = seen.kind === 'seen' ? { registered: readNames(seen.client.settings.redirectUris) } : {}
  const cause =
    seen.kind === 'seen'
      ? `the redirect URI ${evidence.redirectUri} is not registered`
      : `the redirect URI ${evidence.redirectUri} is not registered, or the standard flow is off`
  const remedy = 'add it to "Valid redirect URIs" to the letter, or run doorman apply'
  return wrong('redirect-uri', cause, remedy, { ...evidence, ...registered, field: 'redirectUris' })
}

function flowOff(clientId: string, evidence: Evidence): Finding {
  const remedy = 'switch on "Standard flow", or run doorman apply'
  return wrong('standard-flow-off', `nobody may log in to ${clientId}`, remedy, {
    ...evidence,
    field: 'standardFlowEnabled',
  })
}
