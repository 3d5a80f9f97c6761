// A call to the admin interface, as data: asked of a real Keycloak when answers are recorded, and of our small admin API
// when it is held to them.

export interface Exchange {
  /** What it shows; one name per group. */
  readonly name: string
  /**
   * Such as `POST clients`, in the group's realm; a path that begins with a slash begins at the server. `{name}` stands
   * for what an earlier exchange has kept, here as in `body` and `form`; `{realm}` for the realm.
   */
  readonly call: string
  /** The name of a kept access token, or `nobody`. Default: the server's administrator. */
  readonly as?: string
  readonly body?: unknown
  /** Of a token request; nobody's access token goes with it. */
  readonly form?: Readonly<Record<string, string>>
  /** `location`: its last segment; else a place in the body, such as `0.id`. */
  readonly keep?: Readonly<Record<string, string>>
  /** Only this place of the body is written down. */
  readonly at?: string
  /** Only these fields of the body are written down; `[]`: the status alone. */
  readonly fields?: readonly string[]
}

/** One after the other, in a realm of its own. */
export interface ExchangeGroup {
  readonly name: string
  readonly exchanges: readonly Exchange[]
}

/** A number is the status alone. */
export type Answer =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body?: unknown }

/** By group and exchange. */
export type Answers = Readonly<Record<string, Readonly<Record<string, Answer>>>>
