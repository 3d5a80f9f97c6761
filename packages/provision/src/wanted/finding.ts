// What is wrong with our sections, by its key: whoever reads the file knows the place.

export interface SectionFinding {
  readonly path: readonly (string | number)[]
  readonly message: string
  /** What to write instead, when that can be said. */
  readonly suggestion: string | null
}

/** The realms of the file by their local names; a key that could not be understood is left out. */
export type RealmNames = ReadonlyMap<string, RealmFacts>

interface RealmFacts {
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  readonly obtain?: unknown
}

/** The realm of an entry that names none. */
export function loginRealmOf(realms: RealmNames): string | undefined {
  return [...realms].find(([, { obtain }]) => obtain === undefined)?.[0]
}

/** True for the gateway's own client in a realm. */
export function isGatewayClient(clientId: string, realm: string | undefined, realms: RealmNames): boolean {
  return realm !== undefined && realms.get(realm)?.clientId === clientId
}
