// Doorman's rows: one gateway on the embedded store, a session made by a real login at the embedded realm.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startDevRealm } from '@doorman/dev-realm'
import { createBrowser } from '@doorman/dev-realm/browser'
import type { Candidate } from './candidates.ts'
import { startServer } from './measured-process.ts'

/** Longer than any bench: what is measured is a warm session, not its refresh. */
const ACCESS_TOKEN_SECONDS = 3600

export interface StartedDoorman {
  readonly candidates: readonly Candidate[]
  stop(): Promise<void>
}

export async function startDoorman(upstreamOrigin: string, folder: string): Promise<StartedDoorman> {
  const listen = `127.0.0.1:${await findFreePort()}`
  const client = { clientId: 'bench', secret: randomBytes(32).toString('base64url') }
  const realm = await startDevRealm({
    clients: [{ ...client, redirectUris: [`http://${listen}/auth/callback`] }],
    settings: { accessTokenSeconds: ACCESS_TOKEN_SECONDS },
  })
  const file = join(folder, 'doorman.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(buildConfig({ listen, upstreamOrigin, issuer: realm.issuer, ...client })))
  const server = await startServer('dist/doorman.js', [file], join(folder, 'doorman.log'))
  const cookie = await logIn(server.origin)
  return {
    candidates: [
      { name: 'Doorman, no session', server, path: '/public/hello', headers: {} },
      { name: 'Doorman, warm session + accessToken', server, path: '/private/hello', headers: { cookie } },
    ],
    async stop() {
      await server.stop()
      await realm.close()
    },
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}

function buildConfig(options: {
  readonly listen: string
  readonly upstreamOrigin: string
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
}) {
  return {
    publicUrl: `http://${options.listen}`,
    listen: options.listen,
    operator: { listen: '127.0.0.1:0' },
    realms: { main: { issuer: options.issuer, clientId: options.clientId, clientAuth: { secret: options.secret } } },
    services: {
      open: { url: options.upstreamOrigin, credential: 'none' },
      closed: { url: options.upstreamOrigin, credential: 'accessToken' },
    },
    routes: [
      { path: '/public/*', service: 'open', require: 'none' },
      { path: '/private/*', service: 'closed', require: { login: true } },
    ],
  }
}

/** The session's cookie, as the browser would send it. */
async function logIn(origin: string): Promise<string> {
  const browser = createBrowser()
  await browser.logIn(`${origin}/auth/login?return_to=/private/hello`, { username: 'alice', password: 'alice' })
  const answer = await browser.fetch(`${origin}/private/hello`)
  const cookie = browser.cookies.header(`${origin}/private/hello`)
  if (answer.status !== 200 || cookie === undefined) throw new Error(`the login did not work: ${answer.status}`)
  return cookie
}
