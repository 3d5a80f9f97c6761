/** Who may pass, as `routes[].require`. Whatever else a route can require is the gateway's to require. */
export interface ApiRequirement {
  /** `optional`: anonymous people pass without a credential. Default true. */
  readonly login?: true | 'optional'
  /** Realm roles, one of which is enough. */
  readonly roles?: readonly string[]
  readonly tenant?: true
}

export interface ApiProxyOptions {
  /** As in `services`. */
  readonly service: string
  readonly require?: ApiRequirement
  /** What is asked for there, such as `/v1/agent/*`, where `*` stands for the rest of the path. Default: the path as it came. */
  readonly rewrite?: string
}
