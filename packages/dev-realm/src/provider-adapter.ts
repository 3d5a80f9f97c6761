// Where the library keeps what it needs between two requests: in this process, for this realm alone.
import type { Adapter, StoredModel } from 'oidc-provider'

interface Entry {
  readonly model: StoredModel
  readonly expiresAt: number
}

export interface AdapterRules {
  /** False for the browser session of somebody who was logged out or may no longer log in. */
  isBrowserSessionLive(browserSession: string): boolean
  /** The library's view of a client, or undefined for one that does not exist or is disabled. */
  findClientMetadata(clientId: string): StoredModel | undefined
}

const PRUNE_EVERY_WRITES = 500

export function createAdapterFactory(rules: AdapterRules): (model: string) => Adapter {
  return (model) => (model === 'Client' ? createClientAdapter(rules) : createModelAdapter(model, rules))
}

function createClientAdapter(rules: AdapterRules): Adapter {
  return { ...createModelAdapter('Client', rules), find: async (clientId) => rules.findClientMetadata(clientId) }
}

function createModelAdapter(name: string, rules: AdapterRules): Adapter {
  const entries = new Map<string, Entry>()
  let writes = 0

  function read(id: string): StoredModel | undefined {
    const entry = entries.get(id)
    if (entry === undefined || entry.expiresAt <= Date.now()) return undefined
    const isEnded = name === 'Session' && !rules.isBrowserSessionLive(String(entry.model.uid))
    return isEnded ? undefined : entry.model
  }

  function prune(): void {
    writes += 1
    if (writes % PRUNE_EVERY_WRITES !== 0) return
    for (const [id, entry] of entries) if (entry.expiresAt <= Date.now()) entries.delete(id)
  }

  return {
    async upsert(id, model, expiresInSeconds = Number.POSITIVE_INFINITY) {
      prune()
      entries.set(id, { model, expiresAt: Date.now() + expiresInSeconds * 1000 })
    },
    find: async (id) => read(id),
    async findByUid(uid) {
      const [id] = [...entries].find(([, { model }]) => model.uid === uid) ?? []
      return id === undefined ? undefined : read(id)
    },
    findByUserCode: async () => undefined,
    async consume(id) {
      const model = read(id)
      if (model !== undefined) model.consumed = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      entries.delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const [id, { model }] of entries) if (model.grantId === grantId) entries.delete(id)
    },
  }
}
