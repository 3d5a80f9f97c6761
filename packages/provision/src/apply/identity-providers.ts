// Identity providers. The secret is set when there is none; later Keycloak shows stars in its place, and keeps it when
// they come back.
import type { Change } from '../plan/plan.ts'
import { OWNER_ATTRIBUTE, type WantedIdentityProvider } from '../wanted/wanted.ts'
import { toObject } from './ownership.ts'
import { isConflict, outdated, requireWanted, type Work } from './work.ts'

export async function applyIdentityProvider({ name, action, fields }: Change, work: Work): Promise<void> {
  const wanted = requireWanted(
    work.wanted.identityProviders.find(({ alias }) => alias === name),
    name,
  )
  const lacksSecret = fields.some(({ path }) => path === 'secret')
  if (action !== 'create') return updateProvider(wanted, lacksSecret, work)
  try {
    await createProvider(wanted, work)
  } catch (error) {
    if (!isConflict(error)) throw error
    await updateProvider(wanted, false, work)
  }
}

async function createProvider(wanted: WantedIdentityProvider, work: Work): Promise<void> {
  const { alias, providerId, settings, config } = wanted
  await work.admin.identityProviders.create({
    ...settings,
    alias,
    providerId,
    config: { ...config, ...(await readSecret(wanted, work)), [OWNER_ATTRIBUTE]: work.owner },
  })
}

async function updateProvider(wanted: WantedIdentityProvider, lacksSecret: boolean, work: Work): Promise<void> {
  const { alias, providerId, settings, config } = wanted
  const fresh = (await work.admin.identityProviders.list()).find((provider) => provider.alias === alias)
  if (fresh === undefined) throw outdated(`identity provider ${alias}`)
  await work.admin.identityProviders.update(alias, {
    ...fresh,
    ...settings,
    providerId,
    config: { ...toObject(fresh.config), ...config, ...(lacksSecret ? await readSecret(wanted, work) : {}) },
  })
}

async function readSecret({ secretOf }: WantedIdentityProvider, work: Work) {
  return secretOf === null ? {} : { clientSecret: await work.secretOf(secretOf) }
}
