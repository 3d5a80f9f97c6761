import { SessionProvider } from '@doorman/nextjs/react'
import { type ReactNode, Suspense } from 'react'
import { doorman } from '../doorman'

export const metadata = { title: 'Fixture' }

export default function Layout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <h1>The shell</h1>
        <Suspense fallback={<p>…</p>}>
          <WithSession>{children}</WithSession>
        </Suspense>
      </body>
    </html>
  )
}

async function WithSession({ children }: { readonly children: ReactNode }) {
  return <SessionProvider session={await doorman.getSession()}>{children}</SessionProvider>
}
