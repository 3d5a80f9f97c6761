/// <reference path="./next-navigation.d.ts" />
'use client'
// The session in the browser: the server's value from the first byte on, and what happens to it afterwards as the gateway
// tells it. Nothing asks at intervals, and no token comes here.
import { onSessionChange } from '@doorman/gateway/browser'
import { useRouter } from 'next/navigation'
import {
  type AnchorHTMLAttributes,
  type ButtonHTMLAttributes,
  createContext,
  createElement,
  type PropsWithChildren,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
  useContext,
  useEffect,
  useState,
} from 'react'
import { type DoormanSession, refuseTokens } from './session.ts'
import { EVENTS_PATH, signInUrl, signOutUrl } from './urls.ts'

export type { DoormanSession } from './session.ts'

export interface SessionProviderProps extends PropsWithChildren {
  /** What `getSession()` has said on the server. Throws a `TypeError` for anything in it that looks like a token. */
  readonly session: DoormanSession | null
  /** The gateway's `endpoints.events`. Default `/auth/events`. */
  readonly eventsUrl?: string
}

const SessionContext = createContext<DoormanSession | null | undefined>(undefined)

/**
 * When the session ends, `useSession()` is null at once and the page asks the server anew. When somebody else has logged
 * in, the page is loaded anew; when it is the same person, it asks the server anew and keeps its state.
 */
export function SessionProvider({ session, eventsUrl = EVENTS_PATH, children }: SessionProviderProps): ReactElement {
  if (session !== null) refuseTokens(session)
  const { refresh } = useRouter()
  const [ended, setEnded] = useState<string>()
  // Whoever was never logged in has nothing to hear. Whoever was hears of the next login, too.
  const [last, setLast] = useState(session)
  if (session !== null && session.sessionId !== last?.sessionId) setLast(session)

  useEffect(() => {
    if (last === null) return
    return onSessionChange(
      (change) => {
        if (change.type === 'ended') setEnded(last.sessionId)
        if (change.type === 'ended' || (change.type === 'changed' && change.samePerson)) refresh()
      },
      { url: eventsUrl, person: last.id },
    )
  }, [last, eventsUrl, refresh])

  return createElement(SessionContext, { value: session?.sessionId === ended ? null : session }, children)
}

/** Who is logged in, or null. Throws outside of a `SessionProvider`. */
export function useSession(): DoormanSession | null {
  const session = useContext(SessionContext)
  if (session === undefined) throw new TypeError('useSession: there is no SessionProvider around this component')
  return session
}

export function SignedIn({ children }: PropsWithChildren): ReactNode {
  return useSession() === null ? null : children
}

export function SignedOut({ children }: PropsWithChildren): ReactNode {
  return useSession() === null ? children : null
}

export interface SignInLinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  /** Path to come back to. Default: the page the link is on. */
  readonly returnTo?: string
}

/** An `<a>`: nothing fetches a login before somebody asks for it. */
export function SignInLink({ returnTo, children = 'Sign in', ...attributes }: SignInLinkProps): ReactElement {
  const [here, setHere] = useState<string>()
  // Before it can be followed or opened in another tab. The server does not know what stands behind the `#`.
  const look = () => setHere(location.pathname + location.search + location.hash)
  const both = (own: ((event: never) => void) | undefined) => (event: SyntheticEvent) => {
    look()
    own?.(event as never)
  }
  return createElement(
    'a',
    {
      ...attributes,
      href: signInUrl({ returnTo: returnTo ?? here ?? '/' }),
      onPointerEnter: both(attributes.onPointerEnter),
      onPointerDown: both(attributes.onPointerDown),
      onFocus: both(attributes.onFocus),
    },
    children,
  )
}

export interface SignOutButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** Path to come back to. Default `/`. */
  readonly returnTo?: string
}

/** A button in a form of its own, which works before any script has run. */
export function SignOutButton({ returnTo, children = 'Sign out', ...attributes }: SignOutButtonProps): ReactElement {
  const button = createElement('button', { ...attributes, type: 'submit' }, children)
  return createElement(
    'form',
    { method: 'post', action: signOutUrl(returnTo === undefined ? {} : { returnTo }) },
    button,
  )
}
