// Both positions on a real Keycloak: what differs from the example is where the realm is.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Keycloak, setGatewayUrls } from '@doorman/dev-realm/keycloak'
import { loadConfig, openGateway } from '@doorman/gateway'
import type { Browser, Page } from 'playwright-core'
import { findFreePort } from '../../../packages/gateway/test/support/servers/free-port.ts'
import { launchChromium } from '../../../scripts/support/chromium.ts'
import { buildNext, startNext } from '../../../scripts/support/next-application.ts'
import { useKeycloak } from '../../../scripts/support/test-keycloak.ts'
import { createService } from '../service.ts'
import { testChat } from './journey.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const SECRETS = { CLIENT_SECRET: 'web-gateway-test-secret', WEB_SECRET: 'web-test-secret-of-this-run' }
const POSITIONS = [
  { name: 'with the gateway in front', open: openInFront },
  { name: 'with the gateway inside', open: openInside },
]

interface Closable {
  close(): Promise<void>
}

interface Place {
  readonly publicUrl: string
  readonly agentPort: number
}

let directory: string
let keycloak: Keycloak
let place: Place
let agent: Server
let browser: Browser

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'doorman-chat-'))
  keycloak = await useKeycloak()
  const publicUrl = `http://localhost:${await findFreePort()}`
  await setGatewayUrls(keycloak.admin, { realm: 'main', clientId: 'web-gateway', gatewayUrl: publicUrl })
  agent = createService({ gateway: publicUrl, audience: 'agent' }).listen(0, '127.0.0.1')
  await once(agent, 'listening')
  place = { publicUrl, agentPort: (agent.address() as AddressInfo).port }
  await buildNext(FOLDER)
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  agent?.close()
  await keycloak?.stop()
  rmSync(directory, { recursive: true, force: true })
})

for (const { name, open } of POSITIONS) {
  describe(name, () => {
    let running: readonly Closable[] = []
    before(async () => {
      running = await open(place)
    })
    after(() => Promise.all(running.map((part) => part.close())))

    testChat(() => ({ browser, publicUrl: place.publicUrl, logIn }))
  })
}

async function openInFront({ publicUrl, agentPort }: Place): Promise<readonly Closable[]> {
  const { WEB_SECRET } = SECRETS
  const next = await startNext(FOLDER, 'start', {
    DOORMAN_URL: publicUrl,
    WEB_SECRET,
    DOORMAN_PORT_AGENT: String(agentPort),
  })
  const listen = `listen: 127.0.0.1:${new URL(publicUrl).port}\noperator: { listen: 127.0.0.1:0 }\n`
  const file = writeConfig('doorman.yaml', listen, { 'localhost:3000': `localhost:${next.port}` })
  return [next, await openGateway(loadConfig(file, SECRETS), { logLevel: 'error' })]
}

async function openInside({ publicUrl }: Place): Promise<readonly Closable[]> {
  const env = { EMBEDDED: 'true', DOORMAN_CONFIG: writeConfig('doorman.embedded.yaml'), ...SECRETS }
  return [await startNext(FOLDER, 'start', env, Number(new URL(publicUrl).port))]
}

/** The example's own, with its addresses as they are here. */
function writeConfig(name: string, further = '', moved: Readonly<Record<string, string>> = {}): string {
  const addresses = {
    'http://localhost:8080/realms/main': keycloak.issuer('main'),
    'http://localhost:4000': place.publicUrl,
    'localhost:3001': `localhost:${place.agentPort}`,
    ...moved,
  }
  const written = Object.entries(addresses).reduce(
    (text, [from, to]) => text.replace(from, to),
    readFileSync(join(FOLDER, name), 'utf8'),
  )
  const file = join(directory, name)
  writeFileSync(file, `${written}${further}session: { store: memory }\n`)
  return file
}

/** With organizations Keycloak asks for the name first and for the password on the next page. */
async function logIn(page: Page, username: string): Promise<void> {
  await page.fill('#username', username)
  if (!(await page.isVisible('#password'))) await page.click('#kc-login')
  await page.fill('#password', `${username}-test-password`)
  await page.click('#kc-login')
}
