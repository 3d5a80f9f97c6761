// What clients of each kind have switched on and off.
import type { PRESETS } from './schema-clients.ts'
import type { Json } from './wanted.ts'

export type Preset = (typeof PRESETS)[number]

type Settings = Readonly<Record<string, Json>>

const CONFIDENTIAL: Settings = {
  enabled: true,
  publicClient: false,
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
}

/** Of a client that people log in to, the scope of its roles is left to the realm's administrator. */
export const PRESET_SETTINGS: Readonly<Record<Preset, Settings>> = {
  service: { ...CONFIDENTIAL, serviceAccountsEnabled: true, fullScopeAllowed: false },
  web: { ...CONFIDENTIAL, standardFlowEnabled: true, frontchannelLogout: false },
  spa: { ...CONFIDENTIAL, publicClient: true, standardFlowEnabled: true, frontchannelLogout: false },
  bearer: { ...CONFIDENTIAL, fullScopeAllowed: false },
}

export const PKCE: Readonly<Record<string, string>> = { 'pkce.code.challenge.method': 'S256' }

export function hasLogin(preset: Preset): boolean {
  return preset === 'web' || preset === 'spa'
}

/** Keycloak names the session that has ended, and we know which one it was. */
export function backchannelLogout(url: string): Readonly<Record<string, string>> {
  return { 'backchannel.logout.url': url, 'backchannel.logout.session.required': 'true' }
}
