// One application with a fault in it, and the one after it: what must hold whichever call breaks.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { KeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { isProvisionError } from '../../src/errors.ts'
import type { AdminProxy, Fault } from './admin-proxy.ts'
import { adminOf, applyTo } from './applying.ts'
import { prepareRealm, snapshotRealm, wholeRealm } from './whole-realm.ts'

export interface FaultGround {
  readonly proxy: Pick<AdminProxy, 'url' | 'fail' | 'heal' | 'calls'>
  /** Past the proxy. */
  readonly admin: KeycloakAdmin
  readonly issuer: (realm: string) => string
}

export interface FaultRun {
  readonly nth: number
  readonly fault: Fault
  readonly reach: 'once' | 'onwards'
}

/** A realm applied without a fault: how many calls that takes, and what it is like then. */
export async function runWithout(ground: FaultGround): Promise<{ readonly calls: number; readonly state: State }> {
  return withRealm(ground, async (realm, apply) => {
    ground.proxy.heal()
    await apply()
    const calls = ground.proxy.calls().length
    return { calls, state: await stateOf(ground.admin, realm) }
  })
}

/** Breaks a call, applies again, and compares with a realm where nothing broke. */
export async function runWith(ground: FaultGround, { nth, fault, reach }: FaultRun, expected: State): Promise<void> {
  const { proxy, admin } = ground
  await withRealm(ground, async (realm, apply) => {
    const before = await secretsOf(admin, realm)
    proxy.fail(nth, fault, reach)
    const failure = await apply().then(
      () => undefined,
      (error: unknown) => error,
    )
    proxy.heal()
    if (reach === 'once') assert.equal(failure, undefined, `${String(failure)}: one fault is bridged`)
    else assert.ok(isProvisionError(failure, 'ERR_ADMIN_UNREACHABLE'), String(failure))
    const secrets = new Map([...(await secretsOf(admin, realm)), ...before])
    await apply()
    const state = await stateOf(admin, realm)
    assert.deepEqual([difference(state, expected), difference(expected, state)], [[], []])
    const kept = await secretsOf(admin, realm)
    for (const [client, secret] of secrets) if (kept.has(client)) assert.equal(kept.get(client), secret, client)
    const { calls } = await apply()
    assert.equal(calls.writes, 0)
  })
}

type Apply = () => ReturnType<typeof applyTo>

async function withRealm<Outcome>(
  { proxy, admin, issuer }: FaultGround,
  work: (realm: string, apply: Apply) => Promise<Outcome>,
): Promise<Outcome> {
  const realm = `fault-${randomUUID()}`
  await prepareRealm(admin, realm)
  const wanted = wholeRealm(realm, issuer(realm))
  try {
    // Another credential and another directory each time, as in another process.
    return await work(realm, () => applyTo(adminOf(wanted, proxy.url), wanted))
  } finally {
    await admin.delete(realm)
  }
}

/** One line for each value. */
export type State = readonly string[]

async function stateOf(admin: KeycloakAdmin, realm: string): Promise<State> {
  return linesOf(await snapshotRealm(admin, realm), '').map((line) => line.replaceAll(realm, 'REALM'))
}

function linesOf(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [`${path} = ${JSON.stringify(value)}`]
  return Object.entries(value).flatMap(([name, part]) => linesOf(part, `${path}/${nameOf(part) ?? name}`))
}

function nameOf(part: unknown): string | undefined {
  const { clientId, name } = (part ?? {}) as { readonly clientId?: string; readonly name?: string }
  return clientId ?? name
}

function difference(one: State, other: State): State {
  const lines = new Set(other)
  return one.filter((line) => !lines.has(line))
}

async function secretsOf(admin: KeycloakAdmin, realm: string): Promise<ReadonlyMap<string, string>> {
  const clients = await admin.get<readonly { clientId: string; secret?: string }[]>(`${realm}/clients`)
  return new Map(clients.flatMap(({ clientId, secret }) => (secret === undefined ? [] : [[clientId, secret] as const])))
}
