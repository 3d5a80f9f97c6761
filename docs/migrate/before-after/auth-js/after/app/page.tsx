import { doorman } from '../doorman'

export default async function Page() {
  const session = await doorman.getSession()
  if (session === null) return <h1>Welcome</h1>
  return <h1>Welcome to {session.tenant}</h1>
}
