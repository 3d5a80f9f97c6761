import { Suspense } from 'react'
import { doorman } from '../../../doorman'

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      <Mine />
    </Suspense>
  )
}

async function Mine() {
  return <p id="mine">{(await doorman.requireSession({ returnTo: '/open/mine' })).name}</p>
}
