import { Suspense } from 'react'
import { doorman } from '../../doorman'

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      <Name />
    </Suspense>
  )
}

async function readName() {
  'use cache: private'
  return (await doorman.getSession())?.name
}

async function Name() {
  return <p id="private">{await readName()}</p>
}
