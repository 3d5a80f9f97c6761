// clients.NAME.deliver, with the shape's names and templates written out.
import type { ParsedDelivery } from './schema-deliver.ts'
import { SHAPES } from './shapes.ts'
import type { SecretShape, WantedDelivery } from './wanted.ts'

export function resolveDelivery(delivery: ParsedDelivery, locate: (path: string) => string): WantedDelivery {
  if ('kubernetes' in delivery) return { kind: 'kubernetes', ...delivery.kubernetes, keys: keysOf(delivery) }
  if ('envFile' in delivery) return { kind: 'env-file', path: locate(delivery.envFile), keys: keysOf(delivery) }
  if ('file' in delivery) return { kind: 'file', path: locate(delivery.file), template: delivery.template }
  return { kind: 'command', command: delivery.command, keys: keysOf(delivery) }
}

/** Empty for a delivery of one template. */
export function keysOf(delivery: ParsedDelivery): SecretShape {
  if ('file' in delivery) return {}
  const { shape, keys = {} } = delivery
  return { ...(shape === undefined ? {} : SHAPES[shape]), ...keys }
}
