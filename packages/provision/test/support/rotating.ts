// A realm with a client whose secret is to be rotated, delivered to an `.env` file, and the rotation as a run of its own.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { acquireApplyLock } from '../../src/apply/apply-lock.ts'
import type { RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import { placesOf } from '../../src/secrets/deliver.ts'
import { deliverRealm } from '../../src/secrets/deliver-realm.ts'
import { type RotationChoices, type RotationSummary, rotateSecret } from '../../src/secrets/rotate-secret.ts'
import type { RotationOptions } from '../../src/secrets/rotation.ts'
import { buildRotationPolicy, buildRotationProfile } from '../../src/wanted/rotation-policy.ts'
import { SHAPES } from '../../src/wanted/shapes.ts'
import { OWNER_ATTRIBUTE, type WantedClient } from '../../src/wanted/wanted.ts'
import { adminOf } from './applying.ts'
import { OWNER, wantedClient, wantedRealm } from './realms.ts'
import { giveRoles, PROVISIONER } from './whole-realm.ts'

export const OVERLAP_SECONDS = 3600

export interface Rotating {
  readonly realm: string
  readonly issuer: string
  readonly client: WantedClient
  /** The file that is delivered to. */
  readonly envFile: string
  readonly folder: string
  admin(adminUrl?: string): RealmAdmin
  options(adminUrl?: string): RotationOptions
  /** With a credential of its own, as in another process. */
  rotate(choices?: Partial<RotationChoices>, adminUrl?: string): Promise<RotationSummary>
  deliver(): Promise<void>
  secretInFile(): string | undefined
  /** As Keycloak has the client. */
  look(): Promise<Look>
  setPolicy(overlapSeconds: number | null): Promise<void>
  /** Whether a token can be had with it. */
  isTaken(secret: string): Promise<boolean>
  close(): Promise<void>
}

export interface RotatingParts {
  readonly hasServiceAccount?: boolean
  /** Makes the client somebody else's, with this secret. Default: ours, with one of Keycloak. */
  readonly chosenSecret?: string
  /** Of the credential. */
  readonly roles?: readonly string[]
}

export interface Look {
  readonly id: string
  readonly secret: string
  readonly attributes: Readonly<Record<string, string>>
  readonly defaultClientScopes: readonly string[]
  readonly optionalClientScopes: readonly string[]
}

/** Keycloak names scopes in any order. */
function inOrder(client: Look): Look {
  const { defaultClientScopes, optionalClientScopes } = client
  return {
    ...client,
    defaultClientScopes: defaultClientScopes.toSorted(),
    optionalClientScopes: optionalClientScopes.toSorted(),
  }
}

export async function prepareRotation(
  { admin, issuer, url }: Pick<Keycloak, 'admin' | 'issuer' | 'url'>,
  { hasServiceAccount = true, chosenSecret, roles = ['manage-clients'] }: RotatingParts = {},
): Promise<Rotating> {
  const realm = `rotate-${randomUUID()}`
  const folder = mkdtempSync(join(tmpdir(), 'doorman-rotate-'))
  const envFile = join(folder, 'job.env')
  await admin.post('', { realm, enabled: true })
  await admin.post(`${realm}/clients`, { ...PROVISIONER, serviceAccountsEnabled: true, standardFlowEnabled: false })
  await giveRoles(admin, realm, PROVISIONER.clientId, roles)
  const client = wantedClient('job', { deliver: [{ kind: 'env-file', path: 'job.env', keys: SHAPES.generic }] })
  const id = await admin.post<string>(`${realm}/clients`, {
    clientId: client.clientId,
    serviceAccountsEnabled: hasServiceAccount,
    standardFlowEnabled: false,
    ...(chosenSecret === undefined ? { attributes: { [OWNER_ATTRIBUTE]: OWNER } } : { secret: chosenSecret }),
  })
  const wanted = wantedRealm({ realm, issuer: issuer(realm), clients: [client] })
  const tools = {
    folder,
    owner: OWNER,
    openCluster: () => {
      throw new TypeError('there is no cluster here')
    },
    commandTimeoutSeconds: 20,
  }

  function options(adminUrl = url): RotationOptions {
    const connection = adminOf(wanted, adminUrl)
    const nowSeconds = () => Math.floor(Date.now() / 1000)
    return {
      admin: connection,
      client,
      issuer: wanted.issuer,
      adminUrl: url,
      internalUrl: url,
      places: placesOf(client.deliver, tools),
      owner: OWNER,
      acquireLock: () => acquireApplyLock({ admin: connection, owner: OWNER, nowSeconds }),
      report: () => undefined,
    }
  }

  return {
    realm,
    issuer: wanted.issuer,
    client,
    envFile,
    folder,
    admin: (adminUrl = url) => adminOf(wanted, adminUrl),
    options,
    rotate: (choices = {}, adminUrl = url) =>
      rotateSecret(options(adminUrl), { leastOverlapSeconds: null, acceptsGap: false, resumesOnly: false, ...choices }),
    async deliver() {
      const report = () => undefined
      await deliverRealm({ admin: adminOf(wanted, url), wanted, internalUrl: url, tools, only: null, report })
    },
    secretInFile: () => parseEnv(readFileSync(envFile, 'utf8')).CLIENT_SECRET,
    look: async () => inOrder(await admin.get<Look>(`${realm}/clients/${id}`)),
    async setPolicy(overlapSeconds) {
      const policies = `${realm}/client-policies`
      const has = overlapSeconds !== null
      if (has) await admin.put(`${policies}/profiles`, { profiles: [buildRotationProfile(OWNER, overlapSeconds)] })
      await admin.put(`${policies}/policies`, { policies: has ? [buildRotationPolicy(OWNER)] : [] })
    },
    async isTaken(secret) {
      const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: secret }
      const body = new URLSearchParams(form)
      const response = await fetch(`${wanted.issuer}/protocol/openid-connect/token`, { method: 'POST', body })
      await response.text()
      return response.status === 200
    },
    async close() {
      rmSync(folder, { recursive: true, force: true })
      await admin.delete(realm)
    },
  }
}
