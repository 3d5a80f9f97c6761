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
  const { name } = await doorman.requireSession()
  const answer = await doorman.fetchService('agent', '/v1/orders')
  return (
    <p id="orders">
      {name}: {await answer.text()}
    </p>
  )
}
