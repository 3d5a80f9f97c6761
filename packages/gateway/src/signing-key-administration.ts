// The signing keys of the store that a configuration names, for an operator's command. A gateway may be running on it.
import type { GatewayConfig } from './config/gateway-config.ts'
import { createSealer } from './kernel/seal.ts'
import { systemClock } from './kernel/time.ts'
import { openRing } from './open-ring.ts'
import { openExistingStore } from './open-store.ts'
import {
  listSigningKeys,
  retireSigningKey,
  rotateSigningKey,
  type SigningKeyRetirement,
  type SigningKeyRotation,
  type SigningKeyStatus,
} from './tokens/signing-key-administration.ts'

/** Its methods reject with `ERR_STORE_UNAVAILABLE`, or `ERR_SIGNING_KEYS_UNAVAILABLE` when the sealing key is missing. */
export interface SigningKeyAdministration {
  /** In the order in which they sign. */
  list(): Promise<readonly SigningKeyStatus[]>
  /** Makes a key that takes over once every service can know it. */
  rotate(): Promise<SigningKeyRotation>
  /** Replaces a key with the same overlap; `atOnce` takes it out of the key set now, with all it has signed. */
  retire(order: { readonly kid: string; readonly atOnce: boolean }): Promise<SigningKeyRetirement>
  close(): Promise<void>
}

/**
 * Opens the store beside running gateways.
 *
 * Rejects with `ERR_STORE_REFUSED` when it is in memory or does not exist yet, `ERR_CONFIG_INVALID` when the key ring is
 * absent, `ERR_STORE_UNAVAILABLE`.
 */
export async function openSigningKeyAdministration(config: GatewayConfig): Promise<SigningKeyAdministration> {
  const store = await openExistingStore(config)
  const sealer = createSealer(openRing(config, systemClock), 'signing-keys')
  const place = { store, sealer }
  const { algorithm } = config.internalTokens
  return {
    list: () => listSigningKeys(place),
    rotate: () => rotateSigningKey(place, algorithm),
    retire: (order) => retireSigningKey(place, { ...order, algorithm }),
    close: () => store.close(),
  }
}
