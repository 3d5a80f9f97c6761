// What is asked of a realm in one client's name, each at most once.

import { isProvisionError } from '../errors.ts'
import { observeClient } from '../keycloak/observe-client.ts'
import type { ObservedServiceAccount } from '../keycloak/observed.ts'
import { type Answer, ask } from './call.ts'
import { readClaims, type TokenClaims } from './claims.ts'
import { buildClientRequest } from './client-request.ts'
import type { ClientProof, DoctorClient } from './ground.ts'
import { once, type RealmFacts, type Timed, timed, tokenUrl } from './realm-facts.ts'

export interface ClientFacts {
  readonly client: DoctorClient
  readonly realm: RealmFacts
  /** As Keycloak has it. */
  look(): Promise<Look>
  /** Null: it has none, or none that can be seen. */
  serviceAccount(): Promise<ObservedServiceAccount | null>
  /** The proof that is known here, else the secret that the admin credential may read. */
  proof(): Promise<ClientProof>
  /** The answer to a code that nobody has issued: whoever the client is, it may ask that. */
  trial(): Promise<Answer>
  token(): Promise<OwnToken>
  /** A further call with its proof; `path` is below that of the token endpoint. */
  send(form: Readonly<Record<string, string>>, path?: '/introspect'): Promise<Answer>
}

export type SeenClient = ReturnType<typeof observeClient>

export type Look =
  | { readonly kind: 'seen'; readonly client: SeenClient }
  | { readonly kind: 'absent' }
  | { readonly kind: 'hidden' }

export type OwnToken =
  | ({ readonly kind: 'token'; readonly token: string; readonly claims: TokenClaims | undefined } & Omit<
      Timed,
      'answer'
    >)
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'unasked'; readonly because: string }

/** Never issued: Keycloak looks at it only once it knows who asks. */
const NO_CODE = {
  grant_type: 'authorization_code',
  code: 'doorman-doctor',
  redirect_uri: 'http://localhost/doorman-doctor',
  code_verifier: 'doorman-doctor-doorman-doctor-doorman-doctor',
}

export function createClientFacts(client: DoctorClient, realm: RealmFacts): ClientFacts {
  const { redaction, tools } = realm
  const look = once(() => lookAt(client.clientId, realm))

  const proof = once(async (): Promise<ClientProof> => {
    const known = await completeProof(client, look)
    if (known.kind === 'credential' && known.credential.kind === 'secret') redaction.add(known.credential.secret)
    return known
  })

  async function send(form: Readonly<Record<string, string>>, path: '' | '/introspect' = ''): Promise<Answer> {
    const request = await buildClientRequest(client.clientId, await proof(), realm)
    for (const sent of request.secrets) redaction.add(sent)
    for (const [name, value] of Object.entries(form)) request.form.set(name, value)
    const { timeoutSeconds } = realm.realm
    const headers = { ...request.headers, accept: 'application/json' }
    return ask({ url: tokenUrl(realm.realm) + path, method: 'POST', headers, form: request.form, timeoutSeconds })
  }

  async function obtain(): Promise<OwnToken> {
    const known = await proof()
    if (known.kind === 'public') return { kind: 'unasked', because: 'a public client has none' }
    if (known.kind === 'unknown') return { kind: 'unasked', because: known.because }
    const { answer, ...times } = await timed(tools, () => send({ grant_type: 'client_credentials' }))
    const token = answer.kind === 'answered' && answer.status === 200 ? answer.body.access_token : undefined
    if (typeof token !== 'string') return { kind: 'refused', answer }
    redaction.add(token)
    return { kind: 'token', token, claims: readClaims(token), ...times }
  }

  return {
    client,
    realm,
    look,
    serviceAccount: once(() => lookAtAccount(look, realm)),
    proof,
    trial: once(() => send(NO_CODE)),
    token: once(obtain),
    send,
  }
}

async function completeProof({ proof }: DoctorClient, look: () => Promise<Look>): Promise<ClientProof> {
  if (proof.kind !== 'unknown' || !proof.isSecret) return proof
  const seen = await look()
  if (seen.kind !== 'seen' || seen.client.secret.kind !== 'known') return proof
  const { clientId, secret } = seen.client
  return {
    kind: 'credential',
    credential: { kind: 'secret', clientId, secret: secret.value },
    from: `Keycloak itself, since ${proof.because}`,
  }
}

async function lookAt(clientId: string, { access }: RealmFacts): Promise<Look> {
  const way = await access()
  if (way.kind !== 'open') return { kind: 'hidden' }
  try {
    const found = await way.admin.clients.find(clientId)
    return found === undefined ? { kind: 'absent' } : { kind: 'seen', client: observeClient(found) }
  } catch (error) {
    // Its text may quote what was sent, the credential's token with it.
    if (isProvisionError(error)) return { kind: 'hidden' }
    throw error
  }
}

async function lookAtAccount(
  look: () => Promise<Look>,
  { access }: RealmFacts,
): Promise<ObservedServiceAccount | null> {
  const [seen, way] = [await look(), await access()]
  if (seen.kind !== 'seen' || way.kind !== 'open') return null
  try {
    const user = await way.admin.clients.serviceAccount(seen.client.id)
    if (typeof user?.id !== 'string') return null
    return { userId: user.id, ...(await way.admin.users.roleMappings(user.id)) }
  } catch (error) {
    if (isProvisionError(error)) return null
    throw error
  }
}
