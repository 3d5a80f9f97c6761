// An identity provider of another realm that logs in with the client's secret. Keycloak shows stars for what it has.
import { ProvisionError } from '../errors.ts'
import { checkSecret } from '../keycloak/masked.ts'
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import type { Place } from './delivery.ts'

interface RealmOfFile {
  readonly wanted: WantedRealm
  readonly admin: RealmAdmin
}

/** For rotations: applying a realm sets these secrets itself. */
export function identityProviderPlaces(
  realms: readonly RealmOfFile[],
  client: { readonly realm: string; readonly clientId: string },
): readonly Place[] {
  return realms.flatMap(({ wanted, admin }) =>
    wanted.identityProviders
      .filter(({ secretOf }) => secretOf?.realm === client.realm && secretOf.clientId === client.clientId)
      .map(({ alias }) => createIdentityProviderPlace(alias, wanted.name, admin)),
  )
}

function createIdentityProviderPlace(alias: string, realm: string, { identityProviders }: RealmAdmin): Place {
  const name = `identity provider ${alias} in ${realm}`

  async function find(): Promise<Representation> {
    const found = (await identityProviders.list()).find((provider) => provider.alias === alias)
    if (found !== undefined) return found
    const text = `There is no ${name}; make it with doorman apply`
    throw new ProvisionError('ERR_DELIVERY_FAILED', text, { reason: 'absent', alias, realm })
  }

  return {
    name,
    keys: ['clientSecret'],
    async compare() {
      await find()
      return 'ran'
    },
    async write({ clientSecret }) {
      checkSecret(clientSecret ?? '', `give ${name} a secret`)
      const found = await find()
      await identityProviders.update(alias, { ...found, config: { ...configOf(found), clientSecret } })
      return { outcome: 'ran', restarted: [], notes: [] }
    },
  }
}

function configOf({ config }: Representation): Record<string, string> {
  return typeof config === 'object' && config !== null ? ({ ...config } as Record<string, string>) : {}
}
