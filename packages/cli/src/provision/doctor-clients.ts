// One client as the doctor needs it: what it proves who it is by, and what it must get.
import type { RealmConfig } from '@doorman/gateway'
import {
  type ClientProof,
  type DoctorClient,
  type DoctorExchange,
  type DoctorLogin,
  readDeliveredSecret,
  type WantedClient,
} from '@doorman/provision'
import type { ProvisionFile } from './ground.ts'

type Named = readonly [name: string, realm: RealmConfig]

/** By its client id, or by its key in `clients`. */
export function isNamed({ clientId, because }: WantedClient, name: string): boolean {
  return clientId === name || because.split(', ').includes(`clients.${name}`)
}

/** `realms`: the local names of its realm. */
export async function describeClient(
  client: WantedClient,
  realms: readonly Named[],
  file: ProvisionFile,
): Promise<DoctorClient> {
  const gateway = realms.find(([, realm]) => realm.clientId === client.clientId)
  const [, settings] = gateway ?? realms[0] ?? []
  const url = client.attributes['backchannel.logout.url'] ?? ''
  return {
    clientId: client.clientId,
    because: client.because,
    proof: gateway === undefined ? await proofOf(client) : gatewayProof(gateway, file),
    login: loginOf(client, gateway),
    hasServiceAccount: client.settings.serviceAccountsEnabled === true,
    audiences: audiencesOf(client),
    roles: client.serviceAccount,
    exchanges: gateway === undefined ? [] : exchangesOf(gateway, file),
    backchannelLogout: url === '' ? null : { url, isGateway: gateway !== undefined },
    clockSkewSeconds: settings?.clockSkewSeconds ?? 0,
  }
}

function gatewayProof([name, { clientId, clientAuth }]: Named, { absent }: ProvisionFile): ClientProof {
  const from = `realms.${name}.clientAuth`
  const missing = absent.find((key) => key.startsWith(from))
  if (missing !== undefined) {
    return { kind: 'unknown', isSecret: clientAuth.kind === 'secret', because: `${missing} is not there` }
  }
  if (clientAuth.kind === 'secret') {
    return { kind: 'credential', credential: { kind: 'secret', clientId, secret: clientAuth.secret }, from }
  }
  const { privateKey, algorithm, keyId } = clientAuth
  return { kind: 'credential', credential: { kind: 'privateKey', clientId, privateKey, algorithm, keyId }, from }
}

async function proofOf({ clientId, settings, hasSecret, deliver }: WantedClient): Promise<ClientProof> {
  if (settings.publicClient === true) return { kind: 'public' }
  if (!hasSecret) {
    const because = `it proves who it is by ${String(settings.clientAuthenticatorType)}, and we have no such proof`
    return { kind: 'unknown', isSecret: false, because }
  }
  const delivered = await readDeliveredSecret(deliver)
  if (delivered.kind === 'unread') return { kind: 'unknown', isSecret: true, because: delivered.because }
  const { secret, place } = delivered
  return { kind: 'credential', credential: { kind: 'secret', clientId, secret }, from: place }
}

function loginOf({ settings, attributes }: WantedClient, gateway: Named | undefined): DoctorLogin | null {
  if (settings.standardFlowEnabled !== true) return null
  const [, realm] = gateway ?? []
  const registered = attributes['post.logout.redirect.uris'] ?? ''
  return {
    redirectUris: textsOf(settings.redirectUris),
    // `+` stands for the redirect URIs and `-` for none.
    postLogoutRedirectUris: registered.split('##').filter((uri) => uri.length > 1),
    scopes: realm?.scopes ?? ['openid'],
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : []
}

function audiencesOf({ mappers }: WantedClient): readonly string[] {
  return Object.values(mappers).flatMap(({ protocolMapper, config }) => {
    if (protocolMapper !== 'oidc-audience-mapper' || config['access.token.claim'] !== 'true') return []
    return config['included.client.audience'] ?? config['included.custom.audience'] ?? []
  })
}

/** Those of routes, and those that lead to assertions for a second realm. */
function exchangesOf([name]: Named, { config }: ProvisionFile): readonly DoctorExchange[] {
  const ofRoutes = config.routes.flatMap(({ credential, service, require: rules }) => {
    if (credential.kind !== 'exchange' || rules === 'none' || !rules.realms.includes(name)) return []
    const { audience, scopes } = credential
    return [{ audience, scopes, because: `services.${service}.credential` }]
  })
  const ofRealms = Object.entries(config.realms).flatMap(([second, { obtain }]) => {
    if (obtain?.kind !== 'jwtGrant' || name !== config.loginRealm) return []
    return [{ audience: obtain.audience, scopes: obtain.exchangeScopes, because: `realms.${second}.obtain` }]
  })
  const byNeed = Map.groupBy([...ofRoutes, ...ofRealms], ({ audience, scopes }) => `${audience} ${scopes.join(' ')}`)
  return [...byNeed.values()].flatMap(([first]) => first ?? [])
}
