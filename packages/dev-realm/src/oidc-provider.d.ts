// The part of the library the realm uses; it ships no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface StoredModel {
    readonly uid?: string
    consumed?: number
    readonly [member: string]: unknown
  }

  export interface Adapter {
    upsert(id: string, model: StoredModel, expiresInSeconds?: number): Promise<void>
    find(id: string): Promise<StoredModel | undefined>
    findByUid(uid: string): Promise<StoredModel | undefined>
    findByUserCode(userCode: string): Promise<StoredModel | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  export interface BrowserSession {
    readonly uid: string
    readonly accountId?: string
    readonly acr?: string
    authTime(): number
  }

  export interface InteractionResult {
    readonly login?: { readonly accountId: string; readonly acr: string }
    readonly action?: string
    readonly error?: string
    readonly error_description?: string
  }

  export interface Interaction {
    readonly uid: string
    readonly prompt: { readonly name: string; readonly reasons: readonly string[] }
    readonly params: Record<string, string | undefined>
    readonly session?: { readonly accountId?: string; readonly uid?: string }
  }

  export interface OidcContext {
    readonly provider: Provider
    readonly params: Record<string, string | undefined>
    readonly prompts: ReadonlySet<string>
    readonly session: BrowserSession
    readonly client: { readonly clientId: string }
    readonly account?: { readonly accountId: string }
    readonly result?: InteractionResult
    readonly entities: { readonly Interaction?: Interaction }
    readonly requestParamOIDCScopes: Iterable<string>
  }

  export interface KoaContext {
    readonly req: IncomingMessage
    readonly oidc: OidcContext
    readonly query: Record<string, string | string[] | undefined>
    status: number
    body: unknown
    type: string
    set(name: string, value: string): void
    readonly response: { get(name: string): string }
  }

  export interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly Client: { readonly prototype: { redirectUriAllowed(uri: string): boolean } }
    readonly Grant: new (properties: {
      readonly accountId: string
      readonly clientId: string
    }) => Grant
    readonly Session: { get(ctx: unknown): Promise<BrowserSession> }
    keys: readonly string[]
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    createContext(request: IncomingMessage, response: ServerResponse): KoaContext
    use(middleware: (ctx: KoaContext, next: () => Promise<void>) => Promise<void>): this
    on(
      event: 'authorization.success',
      listener: (ctx: KoaContext, out: Record<string, string | undefined>) => void,
    ): this
    on(event: 'server_error', listener: (ctx: KoaContext, error: unknown) => void): this
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionResult(request: IncomingMessage, response: ServerResponse, result: InteractionResult): Promise<string>
  }

  export const errors: {
    readonly InvalidScope: new (description: string, scope?: string) => Error
    readonly SessionNotFound: new (description: string) => Error
  }

  export namespace interactionPolicy {
    class Check {
      constructor(
        reason: string,
        description: string,
        error: string,
        check: (ctx: KoaContext) => boolean | Promise<boolean>,
      )
    }
    class Prompt {
      constructor(properties: { readonly name: string; readonly requestable: boolean }, ...checks: Check[])
      readonly checks: { add(check: Check): void; remove(reason: string): void }
    }
    interface Policy extends Array<Prompt> {
      get(name: string): Prompt | undefined
      remove(name: string): void
      add(prompt: Prompt): void
    }
    function base(): Policy
  }
}
