import { refresh } from 'next/cache'
import { Suspense } from 'react'
import { doorman } from '../../doorman'

async function order() {
  'use server'
  await doorman.requireSession()
  await doorman.fetchService('agent', '/v1/order', { method: 'POST', body: 'one' })
  refresh()
}

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      <Orders />
      <form action={order}>
        <button type="submit">Order</button>
      </form>
    </Suspense>
  )
}

async function Orders() {
  const answer = await doorman.fetchService('agent', '/v1/count')
  return <p id="count">{await answer.text()}</p>
}
