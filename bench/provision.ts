// 1,000 clients: planned, applied, planned again, beside a script that goes through them one after the other with the
// same admin client. `npm run bench:provision -- [--clients 1000] [--rounds 3] [--json]`
import { parseArgs } from 'node:util'
import { findKeycloakPort, KEYCLOAK_ADMIN, type Keycloak, startKeycloak } from '@doorman/dev-realm/keycloak'
import {
  applyRealm,
  createRealmAdmin,
  observeRealm,
  planRealm,
  type RealmAdmin,
  type WantedClient,
  type WantedRealm,
} from '@doorman/provision'
import KcAdminClient from '@keycloak/keycloak-admin-client'
import { printProgress } from '../scripts/support/print-progress.ts'

const OWNER = 'bench'
const REALM = 'bench'
const CONCURRENCY = 8

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const [count, rounds] = [values.clients, values.rounds].map(Number) as [number, number]
if (![count, rounds].every((value) => Number.isInteger(value) && value > 0 && value <= 10_000)) {
  throw new RangeError('expected whole numbers')
}

/** A client as teams have them: an audience, and for every tenth a role and an account that has it. */
function buildClient(index: number): WantedClient {
  const hasRole = index % 10 === 0
  return {
    clientId: `service-${index}`,
    because: `clients.service-${index}`,
    adopt: false,
    settings: {
      enabled: true,
      publicClient: false,
      standardFlowEnabled: false,
      directAccessGrantsEnabled: false,
      serviceAccountsEnabled: true,
      redirectUris: [],
    },
    attributes: { 'access.token.lifespan': '300' },
    mappers: {
      audience: {
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': 'reports', 'access.token.claim': 'true', 'id.token.claim': 'false' },
      },
    },
    defaultScopes: null,
    optionalScopes: null,
    roles: hasRole ? ['reader'] : [],
    serviceAccount: hasRole ? { realmRoles: [], clientRoles: { [`service-${index}`]: ['reader'] } } : null,
    hasSecret: true,
    deliver: [],
    rotateSeconds: null,
  }
}

function buildWanted(issuer: string): WantedRealm {
  const clients = Array.from({ length: count }, (_, index) => buildClient(index))
  const nothingElse = { scopes: [], roles: [], identityProviders: [], rotation: null }
  return { name: 'main', realm: REALM, issuer, clients, ...nothingElse }
}

async function plan(admin: RealmAdmin, wanted: WantedRealm) {
  const observed = await observeRealm(admin, wanted, OWNER)
  return { admin, wanted, observed, owner: OWNER, plan: planRealm(wanted, observed, OWNER) }
}

async function apply(admin: RealmAdmin, wanted: WantedRealm) {
  return applyRealm({
    ...(await plan(admin, wanted)),
    prunes: false,
    report: () => undefined,
    secretOf: () => Promise.reject(new TypeError('no identity provider here')),
    signal: new AbortController().signal,
  })
}

/** What a script does that somebody writes in an afternoon: each client looked up, its parts read, and compared. */
async function compareOneByOne(keycloak: Keycloak, wanted: WantedRealm): Promise<number> {
  const client = new KcAdminClient({ baseUrl: keycloak.url, realmName: REALM })
  client.registerTokenProvider({ getAccessToken: () => keycloak.admin.token() })
  let differing = 0
  for (const { clientId, settings, roles, serviceAccount } of wanted.clients) {
    const [found] = await client.clients.find({ clientId })
    if (found?.id === undefined) throw new Error(`no client ${clientId}`)
    const mappers = await client.clients.listProtocolMappers({ id: found.id })
    if (roles.length > 0) await client.clients.listRoles({ id: found.id })
    if (serviceAccount !== null) {
      const user = await client.clients.getServiceAccountUser({ id: found.id })
      await client.users.listRoleMappings({ id: user.id ?? '' })
    }
    if (found.publicClient !== settings.publicClient || mappers.length === 0) differing += 1
  }
  return differing
}

async function secondsOf<Result>(work: () => Promise<Result>): Promise<[seconds: number, result: Result]> {
  const startedAt = performance.now()
  const result = await work()
  return [(performance.now() - startedAt) / 1000, result]
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

const keycloak = await startKeycloak({ port: await findKeycloakPort(), onProgress: printProgress })
try {
  await keycloak.admin.post('', { realm: REALM, enabled: true })
  const wanted = buildWanted(keycloak.issuer(REALM))
  const admin = createRealmAdmin({
    issuer: wanted.issuer,
    adminUrl: keycloak.url,
    credential: { kind: 'password', realm: 'master', clientId: 'admin-cli', ...KEYCLOAK_ADMIN },
    concurrency: CONCURRENCY,
    timeoutSeconds: 60,
    onCall: () => undefined,
  })
  const [creating, created] = await secondsOf(() => apply(admin, wanted))
  const planning: number[] = []
  const applying: number[] = []
  const script: number[] = []
  let writes = 0
  for (let round = 0; round < rounds; round += 1) {
    const [seconds, { plan: made }] = await secondsOf(() => plan(admin, wanted))
    if (made.changes.length > 0) throw new Error(`the plan has ${made.changes.length} changes`)
    planning.push(seconds)
    const [again, summary] = await secondsOf(() => apply(admin, wanted))
    applying.push(again)
    writes += summary.calls.writes
    script.push((await secondsOf(() => compareOneByOne(keycloak, wanted)))[0])
  }
  const result = {
    clients: count,
    secondsToCreate: creating,
    writesToCreate: created.calls.writes,
    secondsToPlan: median(planning),
    secondsToApplyAgain: median(applying),
    writesToApplyAgain: writes,
    secondsOneByOne: median(script),
  }
  console.log(values.json ? JSON.stringify(result) : table(result))
  if (writes > 0) process.exitCode = 1
} finally {
  await keycloak.stop()
}

function table(result: Readonly<Record<string, number>>): string {
  const seconds = (name: string) => `${(result[name] ?? 0).toFixed(1)} s`
  return [
    `| ${count} clients, ${CONCURRENCY} calls at a time; median of ${rounds} | |`,
    '|---|---|',
    `| made by apply (${result.writesToCreate} writes) | ${seconds('secondsToCreate')} |`,
    `| plan | ${seconds('secondsToPlan')} |`,
    `| apply again (${result.writesToApplyAgain} writes) | ${seconds('secondsToApplyAgain')} |`,
    `| compared one after the other, by a script with the same admin client | ${seconds('secondsOneByOne')} |`,
  ].join('\n')
}
