// The page of publicUrl: everything it asks for is on its own origin.
import { doormanFetch } from '@doorman/gateway/browser'
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Lines, Person, useUser } from '../shared/session.tsx'

interface Answer {
  readonly lines: readonly string[]
  readonly received: { readonly issuer: string; readonly audience: string; readonly of: string }
}

function App() {
  const user = useUser()
  return (
    <>
      <header>
        <h1>Tasks</h1>
        <Person user={user} />
      </header>
      {user && <Service name="tasks" verb="Add" text="water the plants" />}
      {user && <Service name="llm" verb="Ask" text="tasks are all you need" />}
      <p>
        Administrators have <a href={ADMIN}>a page of their own</a>.
      </p>
    </>
  )
}

interface ServiceProps {
  readonly name: string
  readonly verb: string
  readonly text: string
}

function Service({ name, verb, text }: ServiceProps) {
  const [answer, setAnswer] = useState<Answer>()
  const [ask] = useState(() => async (request: RequestInit) => {
    const response = await doormanFetch(`/api/${name}`, request)
    if (response.ok) setAnswer(await response.json())
  })
  useEffect(() => void ask({}), [ask])
  return (
    <section id={name}>
      <h2>{name}</h2>
      {answer && <Received {...answer.received} />}
      <form action={(form) => ask({ method: 'POST', body: String(form.get('text')) })}>
        <input name="text" defaultValue={text} aria-label={name} /> <button type="submit">{verb}</button>
      </form>
      {answer && <Lines lines={answer.lines} />}
    </section>
  )
}

function Received({ issuer, audience, of }: Answer['received']) {
  return (
    <dl>
      <dt>was sent a token</dt>
      <dd>of {issuer}</dd>
      <dt>for</dt>
      <dd>{audience}</dd>
      <dt>in the name of</dt>
      <dd>{of}</dd>
    </dl>
  )
}

const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
