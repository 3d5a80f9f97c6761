import { SessionProvider } from '@doorman/nextjs/react'
import type { ReactNode } from 'react'
import { doorman } from '../doorman'
import { Account } from './account'

export default async function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider session={await doorman.getSession()}>
          <Account />
          {children}
        </SessionProvider>
      </body>
    </html>
  )
}
