// The gateway in front, and a real Keycloak: what differs from the example is where the realm is.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Keycloak, setGatewayUrls } from '@doorman/dev-realm/keycloak'
import { formatProblem, type Gateway, openGateway, parseConfig } from '@doorman/gateway'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { buildNext, type RunningNext, startNext } from '../../../scripts/support/next-application.ts'
import { useKeycloak } from '../../../scripts/support/test-keycloak.ts'
import { createService } from '../service.ts'
import { testChat } from './journey.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const SECRETS = { CLIENT_SECRET: 'web-gateway-test-secret', WEB_SECRET: 'web-test-secret-of-this-run' }

let directory: string
let keycloak: Keycloak
let publicUrl: string
let agent: Server
let next: RunningNext
let gateway: Gateway
let browser: Browser

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'doorman-chat-'))
  keycloak = await useKeycloak()
  publicUrl = `http://localhost:${await findFreePort()}`
  await setGatewayUrls(keycloak.admin, { realm: 'main', clientId: 'web-gateway', gatewayUrl: publicUrl })
  agent = createService({ gateway: publicUrl, audience: 'agent' }).listen(0, '127.0.0.1')
  await once(agent, 'listening')
  const { port } = agent.address() as AddressInfo
  await buildNext(FOLDER)
  const { WEB_SECRET } = SECRETS
  next = await startNext(FOLDER, 'start', { DOORMAN_URL: publicUrl, WEB_SECRET, DOORMAN_PORT_AGENT: String(port) })
  gateway = await openOn({ agentPort: port, webPort: next.port })
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  await gateway?.close()
  await next?.close()
  agent?.close()
  await keycloak?.stop()
  rmSync(directory, { recursive: true, force: true })
})

testChat(() => ({ browser, publicUrl, logIn }))

async function openOn({ agentPort, webPort }: Readonly<Record<'agentPort' | 'webPort', number>>): Promise<Gateway> {
  const written = readFileSync(join(FOLDER, 'doorman.yaml'), 'utf8')
    .replace('http://localhost:8080/realms/main', keycloak.issuer('main'))
    .replace('localhost:3000', `localhost:${webPort}`)
    .replace('localhost:3001', `localhost:${agentPort}`)
    .replace('http://localhost:4000', publicUrl)
  const listen = `listen: 127.0.0.1:${new URL(publicUrl).port}\noperator: { listen: 127.0.0.1:0 }\n`
  const reading = parseConfig(`${written}${listen}session: { store: memory }\n`, {
    file: 'doorman.yaml',
    env: SECRETS,
    folder: directory,
  })
  if (reading.kind === 'invalid') throw new Error(reading.problems.map(formatProblem).join('\n'))
  return openGateway(reading.config, { logLevel: 'error' })
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** With organizations Keycloak asks for the name first and for the password on the next page. */
async function logIn(page: Page, username: string): Promise<void> {
  await page.fill('#username', username)
  if (!(await page.isVisible('#password'))) await page.click('#kc-login')
  await page.fill('#password', `${username}-test-password`)
  await page.click('#kc-login')
}
