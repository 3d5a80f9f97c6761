import { doorman } from './doorman'

export const proxy = doorman.proxy

export const config = { matcher: ['/((?!api/|auth/|_next/|favicon.ico|open|$).*)'] }
