// A stage with a route of every kind, and somebody who is logged in.
import type { TestContext } from 'node:test'
import { cookieOf, setStage } from './flow.ts'

const ROUTES = `
  - { path: "/public/*", service: api, require: none, credential: none }
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/api/read", service: api, methods: [GET, POST], require: { login: true } }
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/reports/*", service: api, require: { clientRoles: { reports: [write] } } }
  - { path: "/rewritten/*", service: api, rewrite: "/v1/deep/*", require: { login: true } }
  - { path: "/tokenless/*", service: api, credential: none, require: { login: true } }
`

export async function setProxyStage(t: TestContext, config = '') {
  const stage = await setStage(t, { routes: ROUTES, config })
  const browser = await stage.loggedIn()
  return { stage, browser, cookie: cookieOf(stage, browser) }
}
