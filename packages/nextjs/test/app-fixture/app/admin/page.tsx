import { Suspense } from 'react'
import { doorman } from '../../doorman'

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      <Admin />
    </Suspense>
  )
}

async function Admin() {
  const { name } = await doorman.requireRole('admin')
  return <p id="admin">{name} is an admin</p>
}
