// The way of "doorman apply" in small: look, compare, carry out.
import { type ApplyRealmOptions, type ApplySummary, applyRealm } from '../../src/apply/apply-realm.ts'
import { createTimedRealmAdmin } from '../../src/keycloak/create-realm-admin.ts'
import { observeRealm } from '../../src/keycloak/observe-realm.ts'
import type { AdminCredential, RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import type { RealmPlan } from '../../src/plan/plan.ts'
import { planRealm } from '../../src/plan/plan-realm.ts'
import type { WantedRealm } from '../../src/wanted/wanted.ts'
import { OWNER } from './realms.ts'
import { PROVISIONER } from './whole-realm.ts'

/** Repeats at once. */
export function adminOf(
  { issuer }: Pick<WantedRealm, 'issuer'>,
  adminUrl: string,
  credential: AdminCredential = { kind: 'secret', ...PROVISIONER },
): RealmAdmin {
  return createTimedRealmAdmin(
    { issuer, adminUrl, credential, concurrency: 4, timeoutSeconds: 20, onCall: () => undefined },
    { pause: async () => undefined, nowSeconds: () => Date.now() / 1000 },
  )
}

export async function planFor(admin: RealmAdmin, wanted: WantedRealm): Promise<RealmPlan> {
  return planRealm(wanted, await observeRealm(admin, wanted, OWNER), OWNER)
}

export async function applyTo(
  admin: RealmAdmin,
  wanted: WantedRealm,
  options: Partial<Pick<ApplyRealmOptions, 'prunes' | 'owner' | 'report' | 'signal'>> = {},
): Promise<ApplySummary> {
  const { prunes = true, owner = OWNER, report = () => undefined, signal = new AbortController().signal } = options
  const observed = await observeRealm(admin, wanted, owner)
  return applyRealm({
    admin,
    wanted,
    observed,
    plan: planRealm(wanted, observed, owner),
    owner,
    prunes,
    report,
    secretOf: async () => 'the secret of the broker',
    signal,
  })
}
