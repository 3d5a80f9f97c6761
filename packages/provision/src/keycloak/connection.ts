// What all groups of calls share.
import type KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import type { Gate, Operation } from './gate.ts'
import type { Representation } from './realm-admin.ts'

export interface Connection {
  readonly gate: Gate
  /** Keycloak's own client; only ever used inside `gate.call`. */
  readonly client: KeycloakAdminClient
  /** Names of clients and scopes by id, as far as answers have told them: for what is said about calls. */
  readonly names: Map<string, string>
}

type Parts<Answer> = Omit<Operation<Answer>, 'kind' | 'what' | 'needs' | 'send'>

export type CallOf = <Answer>(what: string, send: () => Promise<Answer>, parts?: Parts<Answer>) => Promise<Answer>

/** Calls of one kind that all need the same role. */
export function callsOf({ gate }: Connection, kind: 'read' | 'write', needs: string): CallOf {
  return (what, send, parts) => gate.call({ kind, what, needs, send, ...parts })
}

/** A repeated deletion finds nothing any more. */
export const GONE = { done: { status: 404, look: async () => ({ answer: undefined }) } } as const

/** A repeated creation finds something there already; whether it is ours, and what its answer would have been. */
export function madeBefore<Answer>(look: () => Promise<{ readonly answer: Answer } | undefined>): Parts<Answer> {
  return { done: { status: 409, look } }
}

export function remember(
  { names }: Connection,
  representations: readonly Representation[],
  field: string,
): readonly Representation[] {
  for (const { id, [field]: name } of representations) {
    if (typeof id === 'string' && typeof name === 'string') names.set(id, name)
  }
  return representations
}

export function nameOf({ names }: Connection, id: string): string {
  return names.get(id) ?? id
}
