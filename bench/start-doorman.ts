// Doorman's rows: one gateway on the embedded store, a session made by a real login, and one service for each credential.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CandidateStart } from './candidates.ts'
import { startServer } from './measured-process.ts'
import { logIn } from './realm.ts'

/** By the name of the service that receives it. */
const CREDENTIALS = {
  accessToken: 'accessToken',
  internal: 'internal',
  exchange: { exchange: { audience: 'billing', scope: ['billing-audience'] } },
  serviceAccount: 'serviceAccount',
  realm: { realm: 'models' },
}

export const startDoorman: CandidateStart = async ({ listen, upstreamOrigin, realm, folder }) => {
  const { models } = realm
  const file = join(folder, 'doorman.yaml')
  const config = {
    publicUrl: `http://${listen}`,
    listen,
    operator: { listen: '127.0.0.1:0' },
    realms: {
      main: { issuer: realm.issuer, clientId: realm.clientId, clientAuth: { secret: realm.secret } },
      models: {
        issuer: models.issuer,
        clientId: models.clientId,
        clientAuth: { secret: models.secret },
        obtain: { jwtGrant: { scope: ['models-realm'] } },
      },
    },
    services: {
      open: { url: upstreamOrigin, credential: 'none' },
      ...Object.fromEntries(
        Object.entries(CREDENTIALS).map(([name, credential]) => [name, { url: upstreamOrigin, credential }]),
      ),
    },
    routes: [
      { path: '/public/*', service: 'open', require: 'none' },
      ...Object.keys(CREDENTIALS).map((name) => ({
        path: `/private/${name}/*`,
        service: name,
        require: { login: true },
      })),
    ],
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  const server = await startServer('dist/doorman.js', [file], join(folder, 'doorman.log'))
  const page = `${server.origin}/private/accessToken/hello`
  const cookie = await logIn(`${server.origin}/auth/login?return_to=/private/accessToken/hello`, page)
  return {
    candidates: [
      { name: 'Doorman, no session', server, path: '/public/hello', headers: {} },
      ...Object.keys(CREDENTIALS).map((name) => ({
        name: `Doorman, warm session + ${name}`,
        server,
        path: `/private/${name}/hello`,
        headers: { cookie },
      })),
    ],
    stop: server.stop,
  }
}
