// As much of a configuration as could be understood, so that contradictions are found beside other problems.
import type { z } from 'zod'
import type { ConfigPath } from './problems.ts'
import { configSchema, type ParsedConfig } from './schema.ts'
import { type ParsedRoute, routeItem } from './schema-routes.ts'

/** Without the keys that have an error. */
export type RouteDraft = Partial<ParsedRoute>

export interface Draft {
  /** Without the sections that have an error; `routes` stands beside them, one by one. */
  readonly sections: Partial<Omit<ParsedConfig, 'routes'>>
  readonly routes: readonly RouteDraft[]
  readonly serviceNames: readonly string[]
  readonly realmNames: readonly string[]
  /** True when the file itself says something at a path, defaults aside. */
  states(path: ConfigPath): boolean
}

export function buildDraft(raw: unknown): Draft {
  const { routes, services, realms } = asMapping(raw)
  return {
    sections: parseFields(configSchema.shape, raw),
    routes: Array.isArray(routes) ? routes.map((route) => parseFields(routeItem.shape, route)) : [],
    serviceNames: Object.keys(asMapping(services)),
    realmNames: Object.keys(asMapping(realms)),
    states: (path) => path.reduce<unknown>((value, part) => asMapping(value)[part], raw) !== undefined,
  }
}

function parseFields(shape: Readonly<Record<string, z.ZodType>>, raw: unknown): Readonly<Record<string, unknown>> {
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
