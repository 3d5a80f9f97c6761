// For `proxy.ts`: sends people to the login before anything is rendered. It looks at nothing but whether there is
// something like a session, so it authorizes nobody: every page and handler asks for itself.
import { type NextRequest, NextResponse } from 'next/server.js'
import { answerError } from './errors.ts'
import { isNavigation } from './fetch-metadata.ts'
import type { Position } from './position.ts'
import { buildProblem } from './problem.ts'
import { PATH_HEADER } from './turn-away.ts'
import { OWN_PATH, signInUrl } from './urls.ts'

export type ProxyFunction = (request: NextRequest) => Promise<Response>

/** Ours, and what a page of the login itself may need. */
const OPEN_PATHS = ['/_next', '/favicon.ico', '/icon.svg', '/apple-icon.png']

export function createProxy(position: Position): ProxyFunction {
  return async (request) => {
    const { pathname, search } = request.nextUrl
    const passes = isBelow(pathname, OWN_PATH) || OPEN_PATHS.some((path) => isBelow(pathname, path))
    try {
      if (passes || (await position.carriesSession(request.headers))) return letPass(request.headers, pathname + search)
      const publicUrl = await position.publicUrl()
      if (request.method !== 'GET' || !isNavigation(request.headers)) return buildProblem('login_required', publicUrl)
      const location = publicUrl + signInUrl({ returnTo: pathname + search })
      return NextResponse.redirect(location, { status: 307, headers: { 'cache-control': 'no-store' } })
    } catch (error) {
      return answerError(error)
    }
  }
}

function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(`${path}/`)
}

function letPass(incoming: Headers, path: string): Response {
  const headers = new Headers(incoming)
  headers.set(PATH_HEADER, path)
  return NextResponse.next({ request: { headers } })
}
