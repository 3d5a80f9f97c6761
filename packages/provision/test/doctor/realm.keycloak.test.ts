// What keeps anybody from reaching a realm: each fault made with real sockets, real certificates and a real Keycloak.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../../../gateway/test/support/loopback-certificate.ts'
import type { Fault } from '../../src/doctor/finding.ts'
import type { DoctorRealm, DoctorTools } from '../../src/doctor/ground.ts'
import { useAuthorities } from '../../src/keycloak/trust.ts'
import { DEEP, EARLY, EXPIRED, GOOD, INTERMEDIATE, KEY, OTHER_NAME, ROOT } from '../support/certificates.ts'
import { startNameServer } from '../support/name-server.ts'
import {
  examineAll,
  findingOf,
  openWard,
  plainRealm,
  skippedChecks,
  type Ward,
  wrongOf,
  wrongOnes,
} from '../support/patient.ts'

let ward: Ward
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doorman-doctor-'))
  ward = await openWard('http://127.0.0.1:9/')
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await ward.close()
})

function examine(realm: Partial<DoctorRealm> = {}, tools: Partial<DoctorTools> = {}) {
  return examineAll([{ ...plainRealm(ward.realm.issuer), ...realm }], [], tools)
}

async function listen(t: TestContext, server: Server): Promise<number> {
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** Passes everything on to Keycloak. */
function createProxy(certificate: string, key = KEY): Server {
  return createTlsServer({ cert: certificate, key }, (incoming, outgoing) => {
    const { method, url = '', headers } = incoming
    const passed = request(new URL(url, ward.realm.url), { method, headers: { ...headers, host: 'localhost' } })
    passed.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(passed)
  })
}

function pathOf(issuer: string): string {
  return new URL(issuer).pathname
}

test('nothing is wrong with a realm that is well', async () => {
  assert.deepEqual(wrongOnes(await examine()), [])
})

test('a host that no name server knows is the first thing that is wrong, and the rest waits for it', async (t) => {
  const { lookup, close } = await startNameServer('empty')
  t.after(close)
  const all = await examine({ address: 'https://sso.example.com/realms/main' }, { lookup })
  assert.deepEqual(wrongOnes(all), ['DNS: host-unknown'])
  assert.deepEqual(skippedChecks(all), ['connection', 'TLS', 'realm', 'issuer', 'admin access'])
})

test('a name server that says nothing is told apart from a host that is not there', async (t) => {
  const { lookup, close } = await startNameServer('silent')
  t.after(close)
  const all = await examine({ address: 'https://sso.example.com/realms/main' }, { lookup })
  assert.deepEqual(wrongOnes(all), ['DNS: resolver-silent'])
})

test('a port that nobody listens on refuses connections', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const all = await examine({ address: `http://127.0.0.1:${port}/realms/main` })
  assert.deepEqual(wrongOnes(all), ['connection: connection-refused'])
})

const CERTIFICATES: readonly (readonly [name: string, certificate: string, fault: Fault])[] = [
  ['one that has expired', EXPIRED, 'certificate-expired'],
  ['one of the future', EARLY, 'certificate-early'],
  ['one for another host', OTHER_NAME, 'certificate-name'],
  ['one whose chain is not sent', DEEP, 'certificate-untrusted'],
]

test('a certificate that nobody believed here has signed is told with its issuer', async (t) => {
  const port = await listen(t, createProxy(LOOPBACK_CERTIFICATE, LOOPBACK_KEY))
  const all = await examine({ address: `https://localhost:${port}${pathOf(ward.realm.issuer)}` })
  const { fault, evidence } = wrongOf(all, 'TLS')
  assert.deepEqual([fault, evidence.issuer], ['certificate-untrusted', 'localhost'])
})

test('a root is believed once tls.ca names it: through TLS the realm is well', async (t) => {
  const port = await listen(t, createProxy(GOOD))
  const address = `https://localhost:${port}${pathOf(ward.realm.issuer)}`
  assert.equal(wrongOf(await examine({ address }), 'TLS').fault, 'certificate-untrusted')
  const bundle = join(folder, 'root.pem')
  writeFileSync(bundle, ROOT)
  useAuthorities([bundle])
  const all = await examine({ address, authorities: [bundle] })
  assert.equal(findingOf(all, 'TLS').kind, 'ok')
  assert.equal(findingOf(all, 'realm').kind, 'ok')
})

for (const [name, certificate, fault] of CERTIFICATES) {
  test(`a certificate is told by its fault: ${name}`, async (t) => {
    const port = await listen(t, createProxy(certificate))
    const all = await examine({ address: `https://localhost:${port}${pathOf(ward.realm.issuer)}` })
    assert.deepEqual(wrongOnes(all), [`TLS: ${fault}`])
  })
}

test('a chain that is sent whole is well', async (t) => {
  const port = await listen(t, createProxy(DEEP + INTERMEDIATE))
  const all = await examine({ address: `https://localhost:${port}${pathOf(ward.realm.issuer)}` })
  assert.equal(findingOf(all, 'TLS').kind, 'ok')
})

test('a CA bundle that cannot be read is a fault of its own, before any handshake', async () => {
  const all = await examine({
    address: ward.realm.issuer.replace('http:', 'https:'),
    authorities: ['ca.pem'],
    authoritiesProblem: 'The CA bundle ca.pem holds no certificate',
  })
  assert.deepEqual(wrongOnes(all), ['TLS: ca-bundle'])
})

test('a port without TLS fails the handshake', async () => {
  const all = await examine({ address: ward.realm.issuer.replace('http:', 'https:') })
  assert.deepEqual(wrongOnes(all), ['TLS: tls-failed'])
})

test('a realm that is not there is told by its name', async () => {
  const issuer = `${ward.realm.issuer}-not`
  assert.deepEqual(wrongOnes(await examine({ issuer, address: issuer })), ['realm: realm-unknown'])
})

test('a path without Keycloak behind it is not taken for a realm that is missing', async () => {
  const issuer = ward.realm.issuer.replace('/realms/', '/auth/realms/')
  assert.deepEqual(wrongOnes(await examine({ issuer, address: issuer })), ['realm: not-keycloak'])
})

const CHANGES: readonly (readonly [name: string, ill: object, well: object, fault: Fault])[] = [
  ['that is switched off', { enabled: false }, { enabled: true }, 'realm-disabled'],
  ['that wants https', { sslRequired: 'all' }, { sslRequired: 'external' }, 'https-required'],
]

for (const [name, ill, well, fault] of CHANGES) {
  test(`a realm ${name} is told so`, async (t) => {
    t.after(() => ward.realm.put('', well))
    await ward.realm.put('', ill)
    assert.deepEqual(wrongOnes(await examine()), [`realm: ${fault}`])
  })
}

test('a Keycloak that is starting says 503 in plain text', async (t) => {
  const port = await listen(
    t,
    createServer((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '3' }).end('Bootstrap in progress.')
    }),
  )
  const all = await examine({ address: `http://127.0.0.1:${port}/realms/main` })
  assert.deepEqual(wrongOnes(all), ['realm: keycloak-starting'])
})

const ISSUERS: readonly (readonly [difference: string, change: (issuer: string) => string])[] = [
  ['trailing slash', (issuer) => `${issuer}/`],
  ['scheme', (issuer) => issuer.replace('http:', 'https:')],
  ['host', (issuer) => issuer.replace('localhost', 'sso.example.com')],
  ['port', (issuer) => issuer.replace(/:\d+\//, ':8443/')],
  ['path', (issuer) => issuer.replace('/realms/', '/auth/realms/')],
]

for (const [difference, change] of ISSUERS) {
  test(`an issuer is compared to the letter: ${difference}`, async () => {
    const all = await examine({ issuer: change(ward.realm.issuer), address: ward.realm.issuer })
    const { fault, evidence } = wrongOf(all, 'issuer')
    assert.deepEqual([fault, evidence.differs], ['issuer-mismatch', [difference]])
  })
}

test('an admin credential that is wrong is told; without one it is said what was not seen', async () => {
  const { realm } = ward
  const credential = { kind: 'secret', clientId: 'nobody', secret: 'nothing' } as const
  const all = await examine({}, { openAdmin: () => realm.admin(credential) })
  assert.deepEqual(wrongOnes(all), ['admin access: admin-credential'])
  assert.equal(findingOf(await examine(), 'admin access').kind, 'skipped')
  const blind = realm.admin(await realm.createAccount([]))
  assert.equal(findingOf(await examine({}, { openAdmin: () => blind }), 'admin access').kind, 'skipped')
})

test('an admin interface that is elsewhere is told apart from a credential that is wrong', async () => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const admin = ward.realm.admin(await ward.realm.createAccount([]), { adminUrl: `http://127.0.0.1:${port}` })
  const all = await examine({}, { openAdmin: () => admin })
  assert.deepEqual(wrongOnes(all), ['admin access: admin-unreachable'])
})

test('the clock is read off the header of a proxy where nobody has a token', async (t) => {
  const proxy = createServer((incoming, outgoing) => {
    const passed = request(new URL(incoming.url ?? '', ward.realm.url), {
      method: incoming.method,
      headers: incoming.headers,
    })
    passed.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, {
        ...answer.headers,
        date: new Date(Date.now() - 90_000).toUTCString(),
      })
      answer.pipe(outgoing)
    })
    incoming.pipe(passed)
  })
  const port = await listen(t, proxy)
  const { client } = await ward.admit()
  const address = `http://localhost:${port}${pathOf(ward.realm.issuer)}`
  const proof = { kind: 'unknown', isSecret: true, because: 'it is in a cluster' } as const
  const all = await examine({ address, clients: [{ ...client, proof }] })
  assert.ok(Math.abs(Number(wrongOf(all, 'clock').evidence.seconds) + 90) <= 2)
})
