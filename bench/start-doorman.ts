// Doorman's rows: one gateway on the embedded store, a session made by a real login.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CandidateStart } from './candidates.ts'
import { startServer } from './measured-process.ts'
import { logIn } from './realm.ts'

export const startDoorman: CandidateStart = async ({ listen, upstreamOrigin, realm, folder }) => {
  const file = join(folder, 'doorman.yaml')
  const config = {
    publicUrl: `http://${listen}`,
    listen,
    operator: { listen: '127.0.0.1:0' },
    realms: { main: { issuer: realm.issuer, clientId: realm.clientId, clientAuth: { secret: realm.secret } } },
    services: {
      open: { url: upstreamOrigin, credential: 'none' },
      closed: { url: upstreamOrigin, credential: 'accessToken' },
    },
    routes: [
      { path: '/public/*', service: 'open', require: 'none' },
      { path: '/private/*', service: 'closed', require: { login: true } },
    ],
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  const server = await startServer('dist/doorman.js', [file], join(folder, 'doorman.log'))
  const page = `${server.origin}/private/hello`
  const cookie = await logIn(`${server.origin}/auth/login?return_to=/private/hello`, page)
  return {
    candidates: [
      { name: 'Doorman, no session', server, path: '/public/hello', headers: {} },
      { name: 'Doorman, warm session + accessToken', server, path: '/private/hello', headers: { cookie } },
    ],
    stop: server.stop,
  }
}
