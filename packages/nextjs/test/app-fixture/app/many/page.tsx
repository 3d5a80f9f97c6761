import { Suspense } from 'react'
import { doorman } from '../../doorman'

const NUMBERS = Array.from({ length: 20 }, (_, index) => index)

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      {NUMBERS.map((number) => (
        <One key={number} number={number} />
      ))}
    </Suspense>
  )
}

async function One({ number }: { readonly number: number }) {
  const { name } = await doorman.requireSession()
  const answer = await doorman.fetchService('agent', `/v1/${number}`)
  return (
    <p className="one" data-status={answer.status}>
      {name}
    </p>
  )
}
