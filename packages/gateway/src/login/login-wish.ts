// What somebody wants to log in for. Pure.
import type { LiveSession } from '../session/live-session.ts'

export interface LoginWish {
  readonly returnTo: string
  /** Parameters of the authorization request that were asked for, by wire name. */
  readonly parameters: Readonly<Record<string, string>>
  /** How often this login has already been started again by itself. */
  readonly restarts: number
  /** Set for a login at a second realm: it belongs to this one session and never changes who is logged in. */
  readonly boundTo: BoundSession | null
  /** The key of the session whose place it takes without a page; null for a login of its own. */
  readonly heals: string | null
  /** The person must have entered credentials since it began. */
  readonly reauthenticates: boolean
}

export interface BoundSession {
  /** The session's public handle. */
  readonly handle: string
  /** The realm that session was opened by, by its local name. */
  readonly loginRealm: string
}

/** A login of its own. `returnTo` has been checked. */
export function buildWish(returnTo: string, parameters: LoginWish['parameters']): LoginWish {
  return { returnTo, parameters, restarts: 0, boundTo: null, heals: null, reauthenticates: false }
}

export function asksForMore({ parameters }: LoginWish): boolean {
  return Object.keys(parameters).length > 0
}

/** The same, silently and in the place of a session whose tokens are lost. */
export function healing(wish: LoginWish, lost: LiveSession): LoginWish {
  return { ...wish, parameters: { prompt: 'none' }, heals: lost.key }
}

/** The same, with credentials entered anew, whatever the realm remembers of the person. */
export function reauthenticating<Wish extends LoginWish>(wish: Wish): Wish {
  const { prompt } = wish.parameters
  const words = new Set(['login', ...(prompt?.split(' ') ?? [])])
  return { ...wish, parameters: { ...wish.parameters, prompt: [...words].join(' ') }, reauthenticates: true }
}

/** Nothing may be asked of the person. */
export function isSilent({ parameters }: LoginWish): boolean {
  return parameters.prompt === 'none'
}
