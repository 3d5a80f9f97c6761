// Keycloak derives the origins of a client from its redirect URIs when it is made, and never again.
import type { Representation } from '../keycloak/realm-admin.ts'
import type { Json, WantedClient } from '../wanted/wanted.ts'

/**
 * What to send for a client whose file names redirect URIs and no origins: origins that were derived follow, so that an
 * address that was given up loses its access; others were set by somebody and stay.
 */
export function followRedirectUris(fresh: Representation, { settings }: WantedClient): Representation {
  if (settings.webOrigins !== undefined || settings.redirectUris === undefined) return {}
  const isDerived =
    new Set(originsOf(fresh.redirectUris)).symmetricDifference(new Set(toTexts(fresh.webOrigins))).size === 0
  return isDerived ? { webOrigins: originsOf(settings.redirectUris) } : {}
}

function originsOf(redirectUris: Json | undefined): readonly string[] {
  const origins = toTexts(redirectUris).flatMap((uri) => (/^https?:/.test(uri) ? (URL.parse(uri)?.origin ?? []) : []))
  return [...new Set(origins)]
}

function toTexts(list: Json | undefined): readonly string[] {
  return Array.isArray(list) ? list.map(String) : []
}
