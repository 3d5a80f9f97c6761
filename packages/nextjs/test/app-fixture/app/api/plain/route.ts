import { doorman } from '../../../doorman'

export async function GET() {
  const session = await doorman.requireSession()
  return Response.json({ name: session.name })
}
