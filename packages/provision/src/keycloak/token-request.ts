// What is sent to the token endpoint for each kind of credential (RFC 6749 section 4, RFC 7523 section 2.2).
import { readFile } from 'node:fs/promises'
import { ProvisionError } from '../errors.ts'
import { signClientAssertion } from './client-assertion.ts'
import type { AdminCredential } from './realm-admin.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface TokenRequest {
  readonly form: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
}

/** A new one for each attempt: an assertion can be used once, and a projected token changes in its file. */
export async function buildTokenRequest(
  credential: AdminCredential,
  audience: string,
  nowSeconds: number,
): Promise<TokenRequest> {
  const { clientId } = credential
  if (credential.kind === 'secret' || credential.kind === 'foreignSecret') {
    const headers = { authorization: basicCredentials(clientId, credential.secret) }
    return { form: new URLSearchParams({ grant_type: 'client_credentials' }), headers }
  }
  if (credential.kind === 'password') {
    const { username, password } = credential
    return {
      form: new URLSearchParams({ grant_type: 'password', client_id: clientId, username, password }),
      headers: {},
    }
  }
  if (credential.kind === 'kubernetesToken') {
    // Without `client_id`: Keycloak finds the client by the issuer and the subject of the token.
    return assertionRequest({}, await readToken(credential.file))
  }
  return assertionRequest({ client_id: clientId }, signClientAssertion({ ...credential, audience, nowSeconds }))
}

function assertionRequest(client: Readonly<Record<string, string>>, assertion: string): TokenRequest {
  const form = { grant_type: 'client_credentials', client_assertion_type: JWT_BEARER, client_assertion: assertion }
  return { form: new URLSearchParams({ ...form, ...client }), headers: {} }
}

/** Both parts are form-encoded first (RFC 6749 section 2.3.1); Keycloak decodes them. */
function basicCredentials(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(secret)}`).toString('base64')}`
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    const text = `The token of the Kubernetes service account cannot be read: ${file}`
    throw new ProvisionError('ERR_ADMIN_CREDENTIAL', text, { reason: 'file', file }, { cause })
  }
}
