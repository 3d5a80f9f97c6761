// Roles that routes ask for: somebody must be able to have them.
import { isBuiltInClient, isBuiltInRole } from './built-in.ts'
import type { FrontDoor, FrontDoorRoute } from './front-door.ts'
import type { ClientPart, RealmParts } from './parts.ts'
import { PRESET_SETTINGS } from './presets.ts'

export function wantRequiredRoles({ routes }: FrontDoor): readonly RealmParts[] {
  return routes.flatMap((route) => route.realms.map((realm) => ({ realm, ...rolesOf(route) })))
}

function rolesOf({ place, roles, clientRoles }: FrontDoorRoute): Omit<RealmParts, 'realm'> {
  const because = `${place}.require`
  return {
    roles: roles.filter((name) => !isBuiltInRole(name)).map((name) => ({ name, because })),
    clients: Object.entries(clientRoles)
      .filter(([clientId]) => !isBuiltInClient(clientId))
      .map(([clientId, names]): ClientPart => {
        const settings = { ...PRESET_SETTINGS.bearer, clientAuthenticatorType: 'client-secret' }
        return { clientId, because, settings, hasSecret: true, roles: names }
      }),
  }
}
