// The page of the second origin: the gateway is on another one, and lets it read what it answers.
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { call, Lines, Person, useUser } from '../shared/session.tsx'

function Admin() {
  const user = useUser()
  return (
    <>
      <header>
        <h1>Everybody’s tasks</h1>
        <Person user={user} />
      </header>
      {user && <Tasks />}
      <p>
        <a href={GATEWAY}>Your own tasks</a>
      </p>
    </>
  )
}

function Tasks() {
  const [lines, setLines] = useState<readonly string[]>([])
  useEffect(() => {
    const load = async () => {
      const answer = await call('/api/tasks/all')
      const { lines, title } = await answer.json()
      setLines(answer.ok ? lines : [`${answer.status}: ${title}`])
    }
    load()
  }, [])
  return <Lines lines={lines} />
}

const root = document.getElementById('root')
if (root) createRoot(root).render(<Admin />)
