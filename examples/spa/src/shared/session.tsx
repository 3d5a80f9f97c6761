// Who is logged in, on a page of any origin of `frontends`.
import { onSessionChange } from '@doorman/gateway/browser'
import { useEffect, useState } from 'react'
import './style.css'

export interface User {
  readonly name: string
}

/** Undefined until it is known, null for nobody. */
export function useUser(): User | null | undefined {
  const [user, setUser] = useState<User | null>()
  useEffect(() => {
    const load = async () => setUser(await call('/auth/user').then((answer) => answer.json()))
    load()
    return onSessionChange(({ type }) => (type === 'ended' ? setUser(null) : load()), { url: `${GATEWAY}/auth/events` })
  }, [])
  return user
}

/** Asks the gateway, with the session's cookie. */
export function call(path: string, request: RequestInit = {}): Promise<Response> {
  return fetch(GATEWAY + path, { ...request, credentials: 'include' })
}

export function Person({ user }: { readonly user: User | null | undefined }) {
  if (user === undefined) return null
  const here = `?return_to=${encodeURIComponent(location.href)}`
  const logOut = async () => {
    const answer = await call(`/auth/logout${here}`, { method: 'POST' })
    // Through the realm, which is left as well, and back to this page.
    location.href = answer.status === 200 ? new URL((await answer.json()).logout_url, GATEWAY).href : location.href
  }
  return (
    <p id="person">
      {user?.name ?? 'Nobody is logged in'} {user === null && <a href={`${GATEWAY}/auth/login${here}`}>Log in</a>}
      {user !== null && (
        <button type="button" onClick={logOut}>
          Log out
        </button>
      )}
    </p>
  )
}

export function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}
