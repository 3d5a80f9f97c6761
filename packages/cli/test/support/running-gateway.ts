// A gateway on a development realm, with an embedded store, beside which commands work.
import assert from 'node:assert/strict'
import { chmodSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type DevRealm, startDevRealm } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { type Gateway, openGateway, readConfig } from '@doorman/gateway'
import { writeConfig } from './command.ts'

export interface RunningGateway {
  readonly realm: DevRealm
  readonly publicUrl: string
  /** The configuration. */
  readonly file: string
  /** The options that name the operator's listener. */
  operator(): readonly string[]
  loggedIn(username: string): Promise<Browser>
  /** Of `/auth/user`. */
  statusOf(browser: Browser): Promise<number>
  untilStatus(browser: Browser, status: number): Promise<void>
  stop(): Promise<void>
  /** With the environment as it is then. */
  start(): Promise<void>
  close(): Promise<void>
}

export const CLIENT_ID = 'web'

/** `env`: variables of the configuration; the client's secret is `CLIENT_SECRET`. */
export async function startGateway(folder: string, env: Record<string, string>): Promise<RunningGateway> {
  chmodSync(folder, 0o700)
  const port = await findPort()
  const publicUrl = `http://localhost:${port}`
  const realm = await startDevRealm({
    clients: [
      {
        clientId: CLIENT_ID,
        secret: env.CLIENT_SECRET ?? '',
        redirectUris: [`${publicUrl}/auth/callback`],
        postLogoutRedirectUris: [],
      },
    ],
  })
  const file = writeConfig(buildYaml(publicUrl, port, realm.issuer), folder)
  const open = () => openConfigured(file, folder, env)
  let gateway = await open()
  const statusOf = async (browser: Browser) => (await browser.fetch(`${publicUrl}/auth/user`)).status
  return {
    realm,
    publicUrl,
    file,
    operator: () => [
      '--url',
      `http://127.0.0.1:${gateway.operatorAddress.port}`,
      '--token-file',
      join(folder, 'token'),
    ],
    async loggedIn(username) {
      const browser = createBrowser()
      await browser.logIn(`${publicUrl}/auth/login`, { username, password: '' })
      assert.equal(await statusOf(browser), 200)
      return browser
    },
    statusOf,
    async untilStatus(browser, status) {
      while ((await statusOf(browser)) !== status);
    },
    stop: () => gateway.close(),
    async start() {
      gateway = await open()
    },
    async close() {
      await gateway.close()
      await realm.close()
    },
  }
}

function buildYaml(publicUrl: string, port: number, issuer: string): string {
  return `
publicUrl: ${publicUrl}
listen: 127.0.0.1:${port}
operator: { listen: 127.0.0.1:0, tokenFile: token }
realms:
  main: { issuer: "${issuer}", clientId: ${CLIENT_ID}, clientAuth: { secret: "\${CLIENT_SECRET}" } }
internalTokens: { algorithm: ES256 }
services: { agent: { url: "http://127.0.0.1:9", credential: internal } }
routes: [{ path: "/agent/*", service: agent, require: { login: true } }]
`
}

async function openConfigured(file: string, folder: string, env: Record<string, string>): Promise<Gateway> {
  const reading = readConfig(file, env)
  assert(reading.kind === 'valid', JSON.stringify(reading))
  return openGateway(reading.config, { logLevel: 'error', logDestination: openSync(join(folder, 'log'), 'a') })
}

function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}
