// Protocol mappers of a client or a scope: ours are written whole, by their own endpoints; others stay as they are.
import { isDeepStrictEqual } from 'node:util'
import { readTexts } from '../keycloak/observe-client.ts'
import type { Representation } from '../keycloak/realm-admin.ts'
import { completeConfig } from '../wanted/mappers.ts'
import type { Json, WantedMapper } from '../wanted/wanted.ts'
import { toObject } from './ownership.ts'

const PROTOCOL = 'openid-connect'

export interface MapperEndpoints {
  addMapper(id: string, mapper: Representation): Promise<void>
  updateMapper(id: string, mapperId: string, mapper: Representation): Promise<void>
}

export function buildMappers(
  mappers: Readonly<Record<string, WantedMapper>>,
): readonly { readonly [name: string]: Json }[] {
  return Object.entries(mappers).map(([name, mapper]) => buildMapper(name, mapper))
}

function buildMapper(name: string, { protocolMapper, config }: WantedMapper) {
  return { name, protocol: PROTOCOL, protocolMapper, config }
}

/** `existing`: as the client or scope has just been read. */
export async function writeMappers(
  id: string,
  wanted: Readonly<Record<string, WantedMapper>>,
  existing: Json | undefined,
  endpoints: MapperEndpoints,
): Promise<void> {
  const found = Array.isArray(existing) ? existing.map(toObject) : []
  for (const [name, mapper] of Object.entries(wanted)) {
    const present = found.find((one) => one.name === name)
    if (present === undefined) await endpoints.addMapper(id, buildMapper(name, mapper))
    else if (!isAsWanted(present, mapper)) {
      const mapperId = String(present.id)
      await endpoints.updateMapper(id, mapperId, { ...present, ...buildMapper(name, mapper) })
    }
  }
}

function isAsWanted(present: Representation, { protocolMapper, config }: WantedMapper): boolean {
  // Keycloak writes out what follows from other keys in some cases, and not in others.
  const existing = completeConfig(readTexts(present.config))
  return present.protocolMapper === protocolMapper && isDeepStrictEqual(existing, completeConfig(config))
}
