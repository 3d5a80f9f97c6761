// A realm in a real Keycloak, and for each test a client in it that is well, to be made ill in one way.
import { randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { type Diagnosis, diagnose } from '../../src/doctor/diagnose.ts'
import type { Finding, WrongFinding } from '../../src/doctor/finding.ts'
import type { DoctorClient, DoctorRealm, DoctorService, DoctorTools } from '../../src/doctor/ground.ts'
import type { RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import { createTestRealm, type TestRealm } from './provisioner.ts'

export interface Ward {
  readonly realm: TestRealm
  /** A client in which nothing is wrong. */
  admit(): Promise<Patient>
  close(): Promise<void>
}

export interface Patient {
  readonly secret: string
  /** As the file describes it. */
  readonly client: DoctorClient
  readonly serviceAccountId: string
  /** Fields of the client in Keycloak. */
  change(fields: Readonly<Record<string, unknown>>): Promise<void>
  setAudiences(...audiences: readonly string[]): Promise<void>
  examine(parts?: Examination): Promise<readonly Diagnosis[]>
}

export interface Examination {
  readonly client?: Partial<DoctorClient>
  readonly realm?: Partial<DoctorRealm>
  readonly tools?: Partial<DoctorTools>
  /** Default: one with `view-clients` and `view-users`. */
  readonly admin?: RealmAdmin | null
}

export const REDIRECT_URI = 'https://patient.example.com/callback'
export const POST_LOGOUT_URI = 'https://patient.example.com/bye'

const audienceMapper = (audience: string) => ({
  name: `audience of ${audience}`,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': audience, 'access.token.claim': 'true' },
})

export async function openWard(backchannelUrl: string): Promise<Ward> {
  const realm = await createTestRealm()
  await realm.post('clients', { clientId: 'reports', standardFlowEnabled: false })
  await realm.post('roles', { name: 'operator' })
  const role = await realm.get('roles/operator')
  const admin = realm.admin(await realm.createAccount(['view-clients', 'view-users']))

  async function admit(): Promise<Patient> {
    const [clientId, secret] = [`patient-${randomUUID()}`, `secret-${randomUUID()}`]
    const id = await realm.post('clients', {
      clientId,
      secret,
      standardFlowEnabled: true,
      serviceAccountsEnabled: true,
      redirectUris: [REDIRECT_URI],
      attributes: {
        'post.logout.redirect.uris': POST_LOGOUT_URI,
        'standard.token.exchange.enabled': 'true',
        'backchannel.logout.url': backchannelUrl,
      },
      protocolMappers: [audienceMapper(clientId), audienceMapper('reports')],
    })
    const { id: serviceAccountId } = await realm.get<{ readonly id: string }>(`clients/${id}/service-account-user`)
    await realm.post(`users/${serviceAccountId}/role-mappings/realm`, [role])
    const client = describe(clientId, secret, backchannelUrl)
    const change = (fields: Readonly<Record<string, unknown>>) => realm.put(`clients/${id}`, { clientId, ...fields })
    return {
      secret,
      client,
      serviceAccountId,
      change,
      setAudiences: (...audiences) => change({ protocolMappers: audiences.map(audienceMapper) }),
      examine(parts = {}) {
        const given = { ...plainRealm(realm.issuer), clients: [{ ...client, ...parts.client }], ...parts.realm }
        const { admin: way = admin } = parts
        return examineAll([given], [], { openAdmin: () => way, ...parts.tools })
      },
    }
  }

  return { realm, admit, close: () => realm.close() }
}

function describe(clientId: string, secret: string, backchannelUrl: string): DoctorClient {
  return {
    clientId,
    because: `clients.${clientId}`,
    proof: proofOf(secret, clientId),
    login: { redirectUris: [REDIRECT_URI], postLogoutRedirectUris: [POST_LOGOUT_URI], scopes: ['openid', 'email'] },
    hasServiceAccount: true,
    audiences: [clientId, 'reports'],
    roles: { realmRoles: ['operator'], clientRoles: {} },
    exchanges: [{ audience: 'reports', scopes: [], because: 'services.reports.credential' }],
    backchannelLogout: { url: backchannelUrl, isGateway: true },
    clockSkewSeconds: 5,
  }
}

export function proofOf(secret: string, clientId: string): DoctorClient['proof'] {
  return { kind: 'credential', credential: { kind: 'secret', clientId, secret }, from: 'file patient.env' }
}

export function plainRealm(issuer: string): DoctorRealm {
  return {
    name: 'main',
    issuer,
    address: issuer,
    authorities: [],
    authoritiesProblem: null,
    timeoutSeconds: 10,
    clients: [],
  }
}

export async function examineAll(
  realms: readonly DoctorRealm[],
  services: readonly DoctorService[],
  tools: Partial<DoctorTools> = {},
): Promise<readonly Diagnosis[]> {
  const own = {
    nowSeconds: () => Date.now() / 1000,
    lookup: async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address),
    openAdmin: () => null,
    ...tools,
  }
  const all: Diagnosis[] = []
  for await (const diagnosis of diagnose({ realms, services }, own)) all.push(diagnosis)
  return all
}

export function wrongOnes(all: readonly Diagnosis[]): readonly string[] {
  return all.flatMap(({ check, finding }) => (finding.kind === 'wrong' ? [`${check}: ${finding.fault}`] : []))
}

export function findingOf(all: readonly Diagnosis[], check: string): Finding {
  const found = all.find((diagnosis) => diagnosis.check === check)
  if (found === undefined) throw new Error(`nobody checked ${check}`)
  return found.finding
}

export function wrongOf(all: readonly Diagnosis[], check: string): WrongFinding {
  const finding = findingOf(all, check)
  if (finding.kind !== 'wrong') throw new Error(`${check}: ${JSON.stringify(finding)}`)
  return finding
}

export function skippedChecks(all: readonly Diagnosis[]): readonly string[] {
  return all.flatMap(({ check, finding }) => (finding.kind === 'skipped' ? [check] : []))
}
