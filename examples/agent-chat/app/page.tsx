import { Chat } from './chat'
import { doorman } from './doorman'

export default async function Page() {
  const session = await doorman.getSession()
  if (session === null) return <p id="stranger">Sign in to talk to your company’s agent.</p>
  const health = await doorman.fetchService('agent', '/api/agent/health')
  const { name, tenant, roles } = session
  return (
    <main>
      <aside>
        <h2>{name}</h2>
        <dl>
          <dt>Tenant</dt>
          <dd id="tenant">{tenant ?? 'see the chat'}</dd>
          <dt>Roles</dt>
          <dd id="roles">{roles.join(', ')}</dd>
          <dt>Service</dt>
          <dd id="health">{health.ok ? 'well' : `answers ${health.status}`}</dd>
        </dl>
      </aside>
      <Chat />
    </main>
  )
}
