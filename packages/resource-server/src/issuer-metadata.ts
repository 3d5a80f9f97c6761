// Where an issuer keeps its keys and answers questions: OpenID Connect Discovery 1.0.
import type { Claims } from './claims.ts'
import { type IssuerCall, parseAnswer } from './issuer-call.ts'

export interface IssuerMetadata {
  /** Rejects when the metadata cannot be had, is not this issuer's, or has no such endpoint. */
  findEndpoint(name: 'jwks_uri' | 'introspection_endpoint'): Promise<string>
}

export interface IssuerMetadataOptions {
  readonly issuer: string
  /** For how long it is believed. */
  readonly keySetSeconds: number
  readonly now: () => number
}

function isAsSafeAs(issuer: string, url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && issuer.startsWith('http:'))
}

export function createIssuerMetadata(options: IssuerMetadataOptions, call: IssuerCall): IssuerMetadata {
  const { issuer } = options
  let held: Claims | null = null
  let freshUntil = 0
  let inFlight: Promise<Claims> | null = null

  async function load(): Promise<Claims> {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const metadata = parseAnswer(await call(url, { headers: { accept: 'application/json' } }))
    // OpenID Connect Discovery 1.0 section 4.3: otherwise another issuer could vouch for its keys.
    if (metadata === null || metadata.issuer !== issuer) throw new Error(`no metadata of ${issuer} at ${url}`)
    held = metadata
    freshUntil = options.now() + options.keySetSeconds
    return metadata
  }

  async function loadOr(old: Claims | null): Promise<Claims> {
    inFlight ??= load().finally(() => {
      inFlight = null
    })
    try {
      return await inFlight
    } catch (error) {
      if (old === null) throw error
      return old
    }
  }

  return {
    async findEndpoint(name) {
      const metadata = held !== null && options.now() < freshUntil ? held : await loadOr(held)
      const url = URL.parse(String(metadata[name]))
      if (url === null || !isAsSafeAs(issuer, url)) throw new Error(`the metadata of ${issuer} has no usable ${name}`)
      return url.href
    },
  }
}
