'use client'

import { signIn, signOut, useSession } from 'next-auth/react'
import { useEffect } from 'react'

export function Account() {
  const { data: session } = useSession()
  useEffect(() => {
    if (session?.error === 'RefreshTokenError') signIn('keycloak')
  }, [session])
  if (session === null) {
    return (
      <button type="button" onClick={() => signIn('keycloak')}>
        Log in
      </button>
    )
  }
  return (
    <p>
      {session.user.name}{' '}
      <button type="button" onClick={() => signOut()}>
        Log out
      </button>
    </p>
  )
}
