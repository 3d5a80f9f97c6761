import { Suspense } from 'react'
import { doorman } from '../../doorman'

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      <Orders />
    </Suspense>
  )
}

async function Orders() {
  const session = await doorman.requireSession()
  const isSame = session === (await doorman.getSession())
  const answer = await doorman.fetchService('agent', '/v1/orders')
  return (
    <p id="orders" data-same={isSame}>
      {session.name}: {await answer.text()}
    </p>
  )
}
