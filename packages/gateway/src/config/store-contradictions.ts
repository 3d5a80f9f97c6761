// What a store for many machines needs, and what only such a store can do.
import type { Draft } from './draft.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'

export function findStoreContradictions(draft: Draft): readonly Finding[] {
  const { session } = draft.sections
  if (session === undefined) return []
  const isNetwork = session.store.kind === 'redis' || session.store.kind === 'postgres'
  return isNetwork ? findMissingKeys(draft) : findLocalSharing(draft)
}

function findMissingKeys({ states }: Draft): readonly Finding[] {
  if (states(['keys'])) return []
  const message = 'missing: each process would make a ring of its own, and none could read what another has sealed'
  return [
    contradiction(['keys'], message, 'give every process the same ring, such as the output of `openssl rand -hex 32`'),
  ]
}

function findLocalSharing({ sections, routes }: Draft): readonly Finding[] {
  const limits: readonly (readonly [ConfigPath, { readonly shared: boolean } | undefined])[] = [
    [['limit'], sections.limit],
    ...routes.map((route, index) => [['routes', index, 'limit'], route.limit] as const),
  ]
  return limits.flatMap(([path, limit]) =>
    limit?.shared === true
      ? [contradiction([...path, 'shared'], 'session.store has no counters to share', 'use Redis or PostgreSQL')]
      : [],
  )
}
