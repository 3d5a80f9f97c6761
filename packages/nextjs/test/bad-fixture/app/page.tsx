'use client'
import { doorman } from './doorman'

export default function Page() {
  return (
    <button type="button" onClick={async () => console.log(await doorman.getToken('agent'))}>
      Tell me the token
    </button>
  )
}
