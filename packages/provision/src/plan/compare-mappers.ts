// Protocol mappers by name. One of ours is ours as a whole, so that a key added by hand is a difference; mappers that the
// file does not name stay as they are.
import type { ObservedMapper } from '../keycloak/observed.ts'
import { completeConfig } from '../wanted/mappers.ts'
import type { WantedMapper } from '../wanted/wanted.ts'
import { field } from './fields.ts'
import type { FieldChange } from './plan.ts'

export function compareMappers(
  wanted: Readonly<Record<string, WantedMapper>>,
  observed: ReadonlyMap<string, ObservedMapper>,
): readonly FieldChange[] {
  return Object.entries(wanted).flatMap(([name, mapper]) =>
    compareMapper(`mappers.${name}`, mapper, observed.get(name)),
  )
}

function compareMapper(
  path: string,
  { protocolMapper, config }: WantedMapper,
  observed: ObservedMapper | undefined,
): readonly FieldChange[] {
  if (observed === undefined) return [field(path, undefined, { protocolMapper, config })]
  // Keycloak writes out what follows from other keys in some cases, and not in others.
  const [from, to] = [completeConfig(observed.config), completeConfig(config)]
  return [
    field(`${path}.protocolMapper`, observed.protocolMapper, protocolMapper),
    ...[...new Set([...Object.keys(config), ...Object.keys(observed.config)])].map((key) =>
      field(`${path}.config.${key}`, from[key], to[key]),
    ),
  ]
}
