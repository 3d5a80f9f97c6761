import type { ApiProxyOptions } from './requirement.ts'
import type { DoormanSession } from './session.ts'

/** `token` null: the service is sent none. */
export type TokenAnswer =
  | { readonly kind: 'obtained'; readonly token: string | null }
  /** A problem document. */
  | { readonly kind: 'refused'; readonly response: Response }

/** Forwards a request whose path begins with `base`. */
export type ForwardApi = (request: Request, base: string) => Promise<Response>

/** Where the gateway is: in front, or inside. Both know the same. */
export interface Position {
  /** The origin people use. */
  publicUrl(): Promise<string>
  /** True when somebody seems to be logged in: nothing is verified. */
  carriesSession(headers: Headers): Promise<boolean>
  /** Null when nobody is. Rejects with a `DoormanError` of 503. */
  findSession(headers: Headers): Promise<DoormanSession | null>
  /** Rejects with a `TypeError` for a service that is not configured. */
  obtainToken(headers: Headers, service: string): Promise<TokenAnswer>
  /** Rejects with a `TypeError` for a service that is not configured, and for a path that leaves it. */
  callService(headers: Headers, service: string, path: string, init: RequestInit): Promise<Response>
  /** What comes to the endpoints below `/auth`. */
  handle(request: Request): Promise<Response>
  createApi(options: ApiProxyOptions): ForwardApi
  /** True when the page of somebody else sent it. A gateway in front has already looked at it. */
  isForged(request: Pick<Request, 'method' | 'headers'>): Promise<boolean>
}
