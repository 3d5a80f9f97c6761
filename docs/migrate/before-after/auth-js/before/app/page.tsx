import { auth } from '../auth'

export default async function Page() {
  const session = await auth()
  if (session === null) return <h1>Welcome</h1>
  return <h1>Welcome to {session.user.tenantId}</h1>
}
