// The key ring of the configuration, opened.
import { existsSync } from 'node:fs'
import type { GatewayConfig } from './config/gateway-config.ts'
import type { KeyRing } from './kernel/seal.ts'
import type { Clock } from './kernel/time.ts'
import { createFileKeyRing, createTextKeyRing, joinKeyRings } from './stores/key-ring.ts'

export function openRing({ keys, session }: GatewayConfig, clock: Clock): KeyRing {
  const { store } = session
  // A ring that was lost must not be replaced in silence: every session of the store would be unreadable.
  const isFirstStart = store.kind === 'memory' || (store.kind === 'sqlite' && !existsSync(store.path))
  const createWhenAbsent = isFirstStart && keys.length === 1
  return joinKeyRings(
    keys.map((source) =>
      source.kind === 'text'
        ? createTextKeyRing(source.keys)
        : createFileKeyRing({ path: source.path, createWhenAbsent, clock }),
    ),
  )
}
