'use client'

import { SignedIn, SignedOut, SignInLink, SignOutButton, useSession } from '@doorman/nextjs/react'

export function Account() {
  const session = useSession()
  return (
    <>
      <SignedOut>
        <SignInLink>Log in</SignInLink>
      </SignedOut>
      <SignedIn>
        {session?.name} <SignOutButton>Log out</SignOutButton>
      </SignedIn>
    </>
  )
}
