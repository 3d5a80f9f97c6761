import { SessionProvider, SignedIn, SignedOut, SignInLink, SignOutButton } from '@doorman/nextjs/react'
import type { ReactNode } from 'react'
import { doorman } from './doorman'
import './style.css'

export const metadata = { title: 'Agent chat' }

export default async function Layout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider session={await doorman.getSession()}>
          <header>
            <h1>Agent chat</h1>
            <SignedIn>
              <SignOutButton />
            </SignedIn>
            <SignedOut>
              <SignInLink />
            </SignedOut>
          </header>
          {children}
        </SessionProvider>
      </body>
    </html>
  )
}
