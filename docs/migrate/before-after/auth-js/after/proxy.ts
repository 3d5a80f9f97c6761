import { doorman } from './doorman'

export const proxy = doorman.proxy
export const config = { matcher: ['/dashboard/:path*'] }
