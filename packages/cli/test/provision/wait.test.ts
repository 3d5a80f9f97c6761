import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { run, VALID, writeConfig } from '../support/command.ts'

/** A Keycloak that is starting: 503 to everything, then a realm without a provisioner. */
let server: Server
let refusesAfter = 0
let asked = 0
before(async () => {
  server = createServer((request, response) => {
    asked += 1
    request.resume()
    if (asked <= refusesAfter) response.writeHead(503).end()
    else response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

function fileOf(): string {
  const { port } = server.address() as AddressInfo
  const credential = '{ clientId: provisioner, clientAuth: { secret: canary } }'
  const provision = `provision: { realms: { main: { adminUrl: "http://127.0.0.1:${port}", credential: ${credential} } } }`
  return writeConfig(`${VALID}${provision}\n`)
}

test('a Keycloak that is starting is waited for, and what it says then counts', async () => {
  ;[asked, refusesAfter] = [0, 7]
  const { exitCode, err } = await run(['apply', '-c', fileOf(), '--wait', '1m'])
  assert.equal(exitCode, 1)
  assert.match(err, /^waiting for the realm main at/m)
  assert.match(err, /ERR_ADMIN_CREDENTIAL/)
  assert.ok(asked > refusesAfter)
})

test('it is not waited for longer than that', async () => {
  ;[asked, refusesAfter] = [0, Number.MAX_SAFE_INTEGER]
  const { exitCode, err } = await run(['apply', '-c', fileOf(), '--wait', '1s'])
  assert.equal(exitCode, 1)
  assert.match(err, /ERR_ADMIN_UNREACHABLE/)
  assert.doesNotMatch(err, /canary/)
})

test('a wait that is no duration is refused', async () => {
  assert.equal((await run(['apply', '-c', fileOf(), '--wait', 'forever'])).exitCode, 1)
})
