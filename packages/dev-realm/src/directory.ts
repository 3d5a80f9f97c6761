// Who may log in and which applications may ask. Changes are seen by the next request.
import type { DevClient, DevUser } from './options.ts'
import { buildServiceAccount } from './service-account.ts'

export interface Directory {
  users(): readonly DevUser[]
  /** By id, username or e-mail. */
  findUser(nameOrId: string): DevUser | undefined
  /** Whom a token speaks of, by id: a person, or a client's service account. */
  findSubject(id: string): DevUser | undefined
  /** The person linked to a subject of an identity provider. */
  findLinkedUser(alias: string, subject: string): DevUser | undefined
  addUser(user: DevUser): void
  setUser(username: string, changes: Partial<Omit<DevUser, 'id' | 'username'>>): void
  removeUser(username: string): void
  findClient(clientId: string): DevClient | undefined
  setClient(client: DevClient): void
}

export function createDirectory(initialUsers: readonly DevUser[], initialClients: readonly DevClient[]): Directory {
  let users = [...initialUsers]
  const clients = new Map(initialClients.map((client) => [client.clientId, client]))
  function findServiceAccount(id: string): DevUser | undefined {
    return [...clients.values()].map(buildServiceAccount).find((account) => account?.id === id)
  }

  return {
    users: () => users,
    findSubject: (id) => users.find((user) => user.id === id) ?? findServiceAccount(id),
    findLinkedUser: (alias, subject) => users.find((user) => user.federated?.[alias] === subject),
    addUser(user) {
      users = [...users, user]
    },
    findUser: (name) => users.find((user) => [user.id, user.username, user.email].includes(name)),
    setUser(username, changes) {
      if (!users.some((user) => user.username === username)) throw new TypeError(`the realm has no user ${username}`)
      users = users.map((user) => (user.username === username ? { ...user, ...changes } : user))
    },
    removeUser(username) {
      users = users.filter((user) => user.username !== username)
    },
    findClient: (clientId) => clients.get(clientId),
    setClient(client) {
      clients.set(client.clientId, client)
    },
  }
}

export function isEnabled(client: DevClient): boolean {
  return client.enabled !== false
}

export function isRedirectUriAllowed(client: DevClient, uri: string): boolean {
  return matchesAny(client.redirectUris, uri)
}

export function isPostLogoutRedirectUriAllowed(client: DevClient, uri: string): boolean {
  return matchesAny(client.postLogoutRedirectUris ?? client.redirectUris, uri)
}

function matchesAny(patterns: readonly string[], uri: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? uri.startsWith(pattern.slice(0, -1)) && URL.canParse(uri) : uri === pattern,
  )
}
