// What the gateway and a server behind it must do alike to what goes over a wire. Any server may bundle it: it imports
// nothing but node's streams.
export { connectionOptions } from './connection-header.ts'
export { createHeaderJudge, type HeaderRule } from './header-rules.ts'
export { buildWebResponse } from './web-response.ts'
