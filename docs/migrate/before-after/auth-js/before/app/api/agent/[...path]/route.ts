import { type NextRequest, NextResponse } from 'next/server'
import { getToken } from 'next-auth/jwt'

const AGENT_URL = process.env.AGENT_URL ?? ''
const HOP_BY_HOP = ['connection', 'content-encoding', 'content-length', 'transfer-encoding']

async function forward(request: NextRequest, { params }: { params: Promise<{ path: string[] }> }) {
  const token = await getToken({ req: request, secret: process.env.AUTH_SECRET ?? '', secureCookie: true })
  if (token === null || token.error !== undefined) {
    return NextResponse.json({ error: 'login required' }, { status: 401 })
  }
  if (token.tenantId === null) return NextResponse.json({ error: 'tenantId is null' }, { status: 403 })
  const { path } = await params
  const headers = new Headers({ authorization: `Bearer ${token.accessToken}`, 'x-tenant-id': token.tenantId })
  const type = request.headers.get('content-type')
  if (type !== null) headers.set('content-type', type)
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const init = hasBody ? { body: request.body, duplex: 'half' as const } : {}
  const url = `${AGENT_URL}/v1/agent/${path.join('/')}${request.nextUrl.search}`
  try {
    const answer = await fetch(url, { method: request.method, headers, signal: request.signal, ...init })
    const answerHeaders = new Headers(answer.headers)
    for (const name of HOP_BY_HOP) answerHeaders.delete(name)
    return new Response(answer.body, { status: answer.status, headers: answerHeaders })
  } catch {
    return NextResponse.json({ error: 'agent unreachable' }, { status: 502 })
  }
}

export { forward as DELETE, forward as GET, forward as POST, forward as PUT }
