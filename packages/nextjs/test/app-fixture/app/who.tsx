'use client'
import { SignedIn, SignedOut, SignInLink, SignOutButton, useSession } from '@doorman/nextjs/react'
import Link from 'next/link'

export function Who() {
  const session = useSession()
  return (
    <nav>
      <p id="who">{session === null ? 'nobody' : session.name}</p>
      <SignedIn>
        <SignOutButton />
      </SignedIn>
      <SignedOut>
        <SignInLink />
      </SignedOut>
      <Link href="/orders">Orders</Link> <Link href="/admin">Admin</Link>
    </nav>
  )
}
