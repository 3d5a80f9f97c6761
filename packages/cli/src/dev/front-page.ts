// The demo's own front end: a few files. Who may see which of them is the gateway's business.
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { DEMO_SERVICES, type ServiceStates } from './demo-services.ts'

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/members': ['members.html', 'text/html; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/fresh.js': ['fresh.js', 'text/javascript; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/services.js': ['services.js', 'text/javascript; charset=utf-8'],
}

const FOLDER = new URL('../../demo/', import.meta.url)

/** Beside its files it tells, as `/services.json`, which services there are. */
export function createFrontPage(states: () => ServiceStates): Server {
  return createServer(async (message, answer) => {
    const path = message.url?.split('?')[0] ?? ''
    if (path === '/services.json') {
      answer.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      answer.end(JSON.stringify(DEMO_SERVICES.map((service) => ({ ...service, state: states().get(service.name) }))))
      return
    }
    const file = FILES[path]
    if (file === undefined) {
      answer.writeHead(404, { 'content-type': 'application/json' }).end('{"title":"There is nothing at this address."}')
      return
    }
    const [name, type] = file
    answer.writeHead(200, {
      'content-type': type,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    })
    answer.end(await readFile(new URL(name, FOLDER)))
  })
}
