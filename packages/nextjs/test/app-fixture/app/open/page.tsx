import Link from 'next/link'
import { doorman } from '../../doorman'

async function order() {
  'use server'
  await doorman.requireSession({ returnTo: '/open' })
  await doorman.fetchService('agent', '/v1/order', { method: 'POST', body: 'one' })
}

/** No proxy looks at who comes here. */
export default function Page() {
  return (
    <form action={order}>
      <Link href="/open/mine">Mine</Link> <button type="submit">Order</button>
    </form>
  )
}
