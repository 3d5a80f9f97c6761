'use client'
import { type FormEvent, useCallback, useEffect, useState } from 'react'

interface Account {
  readonly company: string
  readonly plan: string
}

export function Chat() {
  const [tenants, setTenants] = useState<readonly string[]>([])
  const [tenant, setTenant] = useState('')
  const [account, setAccount] = useState<Account | null>(null)
  const [answer, setAnswer] = useState('')

  const callAgent = useCallback(async (path: string, chosen: string, init: RequestInit = {}) => {
    const headers = { 'content-type': 'application/json', ...(chosen === '' ? {} : { 'x-tenant': chosen }) }
    const response = await fetch(`/api/agent/${path}`, { ...init, headers })
    if (response.ok) return response
    const { detail, title } = await response.json()
    setAnswer(`${response.status}: ${detail ?? title}`)
    return null
  }, [])

  const enter = useCallback(
    async (chosen: string) => {
      setTenant(chosen)
      setAnswer('')
      setAccount((await (await callAgent('session', chosen))?.json()) ?? null)
    },
    [callAgent],
  )

  useEffect(() => {
    async function begin() {
      const user = await (await fetch('/auth/user?slide=false')).json()
      setTenants(user.tenants)
      if (user.tenants.length < 2) await enter(user.tenant ?? '')
    }
    void begin()
  }, [enter])

  async function ask(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const message = new FormData(event.currentTarget).get('message')
    setAnswer('')
    const response = await callAgent('chat', tenant, { method: 'POST', body: JSON.stringify({ message }) })
    const words = response?.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let word = await words?.read(); word?.value !== undefined; word = await words?.read()) {
      const { value } = word
      setAnswer((soFar) => soFar + value)
    }
  }

  return (
    <section>
      {tenants.length > 1 && (
        <nav>
          {tenants.map((name) => (
            <button key={name} type="button" aria-pressed={name === tenant} onClick={() => enter(name)}>
              {name}
            </button>
          ))}
        </nav>
      )}
      <h2 id="company">{account === null ? 'No company' : `${account.company}, ${account.plan}`}</h2>
      <form onSubmit={ask}>
        <input name="message" defaultValue="What is on my desk today?" aria-label="Message" />
        <button type="submit">Ask</button>
      </form>
      <p id="answer">{answer}</p>
    </section>
  )
}
