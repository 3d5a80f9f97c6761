// Redis and Valkey.
import type { Clock } from '../kernel/time.ts'
import type { SessionStore } from '../session/session-store.ts'

export interface RedisStoreOptions {
  readonly topology: 'single' | 'cluster' | 'sentinel'
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly master: string | null
  readonly isTls: boolean
  readonly user: string | null
  readonly password: string | null
  readonly database: number
  /** Before every key. */
  readonly prefix: string
  readonly ca: readonly string[]
  /** Null: the server's. */
  readonly clock: Clock | null
  readonly tell: (state: 'lost' | 'found') => void
}

export async function openRedisStore(_options: RedisStoreOptions): Promise<SessionStore> {
  throw new Error('not yet')
}
