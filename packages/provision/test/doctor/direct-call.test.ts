import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { examineAll, findingOf, wrongOf } from '../support/patient.ts'

let server: Server
let origin: string
const asked: string[] = []

before(async () => {
  server = createServer(({ method, url = '', headers }, response) => {
    asked.push(`${method} ${url} ${headers.authorization ?? headers.cookie ?? 'nothing'}`)
    response.writeHead(Number(url.slice(1)))
    if (url === '/200') return void response.write('an answer that never ends')
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

function examine(...paths: readonly string[]) {
  const calls = paths.map((path, index) => ({ url: origin + path, place: `routes[${index}]` }))
  return examineAll([], [{ name: 'reports', calls, timeoutSeconds: 5 }])
}

test('a service that answers a call without any credential can be reached round the gateway', async () => {
  const { fault, evidence } = wrongOf(await examine('/401', '/200'), 'direct call')
  assert.deepEqual([fault, evidence.place, evidence.status], ['service-open', 'routes[1]', 200])
  assert.deepEqual(asked.splice(0), ['GET /401 nothing', 'GET /200 nothing'])
})

for (const status of ['/401', '/403']) {
  test(`a service that answers ${status.slice(1)} is closed`, async () => {
    assert.equal(findingOf(await examine(status), 'direct call').kind, 'ok')
  })
}

test('an answer that neither serves nor refuses tells nothing', async () => {
  assert.equal(findingOf(await examine('/404', '/302', '/500'), 'direct call').kind, 'skipped')
})

test('a service that cannot be reached from here is not judged, and neither is one without closed routes', async () => {
  const service = { name: 'feed', calls: [{ url: 'http://127.0.0.1:2/', place: 'routes[0]' }], timeoutSeconds: 5 }
  assert.equal(findingOf(await examineAll([], [service]), 'direct call').kind, 'skipped')
  assert.equal(findingOf(await examine(), 'direct call').kind, 'skipped')
})
