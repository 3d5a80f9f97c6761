// As much of a configuration as could be understood, so that contradictions are found beside other problems.
import type { z } from 'zod'
import type { ConfigPath } from './problems.ts'
import { configSchema, type ParsedConfig } from './schema.ts'
import { type ParsedRealm, realmItem } from './schema-realm.ts'
import { type ParsedRoute, type ParsedService, routeItem, serviceItem } from './schema-routes.ts'

/** Each without the keys that have an error. */
export type RouteDraft = Partial<ParsedRoute>
export type RealmDraft = Partial<ParsedRealm>
export type ServiceDraft = Partial<ParsedService>

export interface Draft {
  /** Without the sections that have an error; those of which there are several stand beside them, one by one. */
  readonly sections: Partial<Omit<ParsedConfig, 'routes' | 'services'>>
  readonly routes: readonly RouteDraft[]
  readonly realms: ReadonlyMap<string, RealmDraft>
  readonly services: ReadonlyMap<string, ServiceDraft>
  /** True when the file itself says something at a path, defaults aside. */
  states(path: ConfigPath): boolean
}

export function buildDraft(raw: unknown): Draft {
  const { routes, services, realms } = asMapping(raw)
  return {
    sections: parseFields(configSchema.shape, raw),
    routes: Array.isArray(routes) ? routes.map((route) => parseFields(routeItem.shape, route)) : [],
    realms: parseEach(realmItem.shape, realms),
    services: parseEach(serviceItem.shape, services),
    states: (path) => path.reduce<unknown>((value, part) => asMapping(value)[part], raw) !== undefined,
  }
}

type Shape = Readonly<Record<string, z.ZodType>>

function parseEach(shape: Shape, raw: unknown): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  return new Map(Object.entries(asMapping(raw)).map(([name, value]) => [name, parseFields(shape, value)]))
}

function parseFields(shape: Shape, raw: unknown): Readonly<Record<string, unknown>> {
  const values = asMapping(raw)
  const fields = Object.entries(shape).flatMap(([key, schema]) => {
    const { success, data } = schema.safeParse(values[key])
    return success ? [[key, data] as const] : []
  })
  return Object.fromEntries(fields)
}

function asMapping(value: unknown): Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
