// What `createDoorman` is told. Read at the first use: an application is built where its environment is not known.

/** A gateway stands in front, and this application is one of its services. */
export interface BehindOptions {
  /** `publicUrl` of the gateway. */
  readonly gateway: string
  /** The name of this application in `services`, or its `internal.audience`. */
  readonly audience: string
  /** Where this server reaches the gateway. Default `gateway`. */
  readonly internalUrl?: string | undefined
  /** `services.NAME.auth.secret` of this application, for credentials of other services. Default: none are asked for. */
  readonly secret?: string | undefined
  /** Origins of the services this application calls itself, by their names. */
  readonly services?: Readonly<Record<string, string>>
}

/** The gateway runs inside this application. */
export interface EmbeddedOptions {
  /** The path of `doorman.yaml`, from the folder the server runs in; or the same as an object. */
  readonly config: string | Readonly<Record<string, unknown>>
}

export type DoormanOptions = BehindOptions | EmbeddedOptions

export interface BehindSettings {
  /** An origin. */
  readonly gateway: string
  readonly audience: string
  readonly internalUrl: string
  readonly secret: string | null
  readonly services: ReadonlyMap<string, URL>
}

/** Throws a `TypeError` that names the option. */
export function readBehindOptions(options: BehindOptions): BehindSettings {
  const gateway = readOrigin(options.gateway, 'gateway')
  const { audience } = options
  if (typeof audience !== 'string' || audience === '') {
    throw new TypeError(
      'createDoorman: audience must be the name of this application in services, or its internal.audience',
    )
  }
  const internalUrl = readOrigin(options.internalUrl || gateway.origin, 'internalUrl')
  const services = Object.entries(options.services ?? {}).map(
    ([name, url]) => [name, readOrigin(url, `services.${name}`)] as const,
  )
  return {
    gateway: gateway.origin,
    audience,
    internalUrl: internalUrl.origin,
    secret: options.secret || null,
    services: new Map(services),
  }
}

/** Throws a `TypeError` that names the option. */
export function readEmbeddedOptions({ config }: EmbeddedOptions): EmbeddedOptions {
  const isObject = typeof config === 'object' && config !== null
  if (isObject || (typeof config === 'string' && config !== '')) return { config }
  throw new TypeError('createDoorman: config must be the path of doorman.yaml, or the same as an object')
}

function readOrigin(value: unknown, name: string): URL {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url
  throw new TypeError(`createDoorman: ${name} must be an origin, such as https://app.example.com`)
}
