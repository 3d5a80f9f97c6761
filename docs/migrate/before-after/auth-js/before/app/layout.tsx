import { SessionProvider } from 'next-auth/react'
import type { ReactNode } from 'react'
import { auth } from '../auth'
import { Account } from './account'

export default async function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider session={await auth()}>
          <Account />
          {children}
        </SessionProvider>
      </body>
    </html>
  )
}
