// On the walk: every service says what it has proven to have received, and that is compared with what doorman.yaml says.
import { DEMO_SERVICES, type DemoService, type ServiceStates } from './demo-services.ts'
import type { Issuers } from './own-services.ts'
import { asObject, fetchShown, parse, type Visit, WAY_WIDTH } from './visit.ts'

interface Expected {
  readonly kind: 'internal' | 'realm'
  readonly issuer: string
  readonly audience: string
  readonly clientId: string
  /** Whether the subject is the person of the login realm. */
  readonly isPerson: boolean
}

export interface ServicesWalk {
  readonly states: ServiceStates
  /** Whether it goes well without a service that cannot run here. */
  readonly leavesOut: boolean
  readonly issuers: Issuers
}

function expect(name: string, { publicUrl, main, models }: Issuers): Expected {
  const realm = { kind: 'realm', issuer: main, clientId: 'web-gateway', isPerson: true } as const
  switch (name) {
    case 'account':
      return { ...realm, audience: 'reports' }
    case 'fastify':
      return { ...realm, audience: 'billing' }
    case 'hono':
      return { ...realm, audience: 'reports', isPerson: false }
    case 'llm':
      return { ...realm, issuer: models, audience: 'llm', clientId: 'model-gateway', isPerson: false }
    default:
      return { ...realm, kind: 'internal', issuer: publicUrl, audience: name }
  }
}

/** For somebody who has logged in and may call all of them. */
export async function walkThroughServices(visit: Visit, { states, leavesOut, issuers }: ServicesWalk): Promise<void> {
  const { id } = parse(await visit.browser.fetch(visit.url('/auth/user')))
  for (const service of DEMO_SERVICES) {
    const state = states.get(service.name)
    if (state?.kind === 'running') await askService(visit, service, issuers, id)
    else if (leavesOut) visit.print(`   – ${service.name} is left out: ${reasonOf(state)}`)
    else visit.check(false, `${service.name} runs (it is left out: ${reasonOf(state)})`)
  }
}

function reasonOf(state: ReturnType<ServiceStates['get']>): string {
  return state?.kind === 'left-out' ? state.because : 'it is not there'
}

async function askService(visit: Visit, service: DemoService, issuers: Issuers, person: unknown): Promise<void> {
  const { name, framework, credential: configured, path } = service
  const answer = await fetchShown(visit, path)
  const credential = answer.status === 200 ? asObject(parse(answer).credential) : {}
  visit.print(`   ${`doorman → ${name}`.padEnd(WAY_WIDTH)}   ${describe(credential)}`)
  const isRight =
    configured === 'none' ? credential.kind === 'none' : isAsExpected(credential, expect(name, issuers), person)
  visit.check(isRight, `${name} (${framework}) received its own credential: ${configured}`)
}

function isAsExpected(credential: Readonly<Record<string, unknown>>, expected: Expected, person: unknown): boolean {
  const audiences = [credential.audience].flat()
  return (
    credential.kind === expected.kind &&
    credential.issuer === expected.issuer &&
    audiences.includes(expected.audience) &&
    credential.clientId === expected.clientId &&
    (credential.subject === person) === expected.isPerson
  )
}

function describe({ kind, issuer, audience, subject, expiresIn }: Readonly<Record<string, unknown>>): string {
  if (kind === undefined) return 'nothing'
  if (kind === 'none') return 'no token'
  return `${kind} token of ${issuer} for ${[audience].flat().join(' and ')}, about ${subject}, ends in ${expiresIn} s`
}

/** For somebody with two tenants. */
export async function switchTenants(visit: Visit): Promise<void> {
  const unsaid = await fetchShown(visit, '/api/express/tenant')
  const { tenants } = parse(unsaid)
  const named = Array.isArray(tenants) ? tenants.map(String).toSorted() : []
  visit.check(
    unsaid.status === 400 && named.join() === 'acme,globex',
    `without X-Tenant: which of ${named.join(', ')}?`,
  )
  for (const tenant of ['acme', 'globex', 'acme']) {
    const { tenant: proven } = parse(
      await fetchShown(visit, '/api/express/tenant', { headers: { 'x-tenant': tenant } }),
    )
    visit.check(proven === tenant, `express has ${tenant} from its token alone`)
  }
  const foreign = await fetchShown(visit, '/api/express/tenant', { headers: { 'x-tenant': 'initech' } })
  visit.check(foreign.status >= 400, 'a tenant of others is refused')
}
