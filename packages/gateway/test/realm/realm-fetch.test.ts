import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer, type Server } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { createEvents } from '../../src/kernel/events.ts'
import { createRealmFetch, type RealmFetch, type RealmFetchOptions } from '../../src/realm/realm-fetch.ts'
import { createTrust } from '../../src/realm/trust.ts'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../support/loopback-certificate.ts'

let server: Server
let url: URL
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doorman-trust-'))
  server = createHttpsServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, (_request, response) =>
    response.end('hello'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = new URL(`https://localhost:${(server.address() as AddressInfo).port}/realms/main`)
})

after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

function createFetch(change: Partial<RealmFetchOptions>): RealmFetch {
  const options = { realm: 'main', timeoutSeconds: 5, ca: [], environment: {}, events: createEvents(), clock: () => 0 }
  return createRealmFetch({ ...options, ...change })
}

async function get(change: Partial<RealmFetchOptions>, target = url): Promise<string> {
  const fetch = createFetch(change)
  try {
    return (await fetch.call('discovery', target, { method: 'GET', headers: {}, body: null })).text
  } finally {
    await fetch.close()
  }
}

test('a certificate nobody vouches for is refused', async () => {
  await assert.rejects(
    get({}),
    (error) => isGatewayError(error, 'ERR_REALM_UNREACHABLE') && error.detail.reason === 'tls',
  )
})

test('an authority of the configuration is trusted', async () => {
  assert.equal(await get({ ca: [LOOPBACK_CERTIFICATE] }), 'hello')
})

test('an authority of NODE_EXTRA_CA_CERTS is trusted', async () => {
  const path = join(folder, 'extra.pem')
  writeFileSync(path, LOOPBACK_CERTIFICATE)
  assert.equal(await get({ environment: { NODE_EXTRA_CA_CERTS: path } }), 'hello')
})

test('a trusted authority does not make another name fit', async () => {
  const otherName = new URL(url.href.replace('localhost', '127.0.0.1'))
  await assert.rejects(
    get({ ca: [LOOPBACK_CERTIFICATE] }, otherName),
    (error) => isGatewayError(error) && error.detail.reason === 'tls',
  )
})

const bundles: ReadonlyArray<readonly [name: string, change: Partial<RealmFetchOptions>]> = [
  ['a missing NODE_EXTRA_CA_CERTS', { environment: { NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' } }],
  ['a bundle without a certificate', { ca: ['no certificate'] }],
  ['an empty bundle', { ca: [''] }],
  ['a bundle with a broken certificate', { ca: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'] }],
]

for (const [name, change] of bundles) {
  test(`${name} is an error of the configuration`, () => {
    assert.throws(
      () => createFetch(change),
      (error) => isGatewayError(error, 'ERR_CONFIG_INVALID'),
    )
  })
}

test('the mounted bundle of the cluster is read when it is there', () => {
  const clusterCaFile = join(folder, 'cluster.pem')
  assert.equal(createTrust({ ca: [], extraCaFile: undefined, clusterCaFile }), null)
  writeFileSync(clusterCaFile, LOOPBACK_CERTIFICATE)
  assert.notEqual(createTrust({ ca: [], extraCaFile: undefined, clusterCaFile }), null)
})

interface Proxy {
  readonly href: string
  readonly connected: readonly string[]
  close(): void
}

/** An HTTP proxy that tunnels, and notes where to. */
async function startProxy(): Promise<Proxy> {
  const connected: string[] = []
  const proxy = createHttpServer()
  proxy.on('connect', (request, socket, head) => {
    connected.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  return { href: `http://127.0.0.1:${port}`, connected, close: () => void proxy.close() }
}

test('a proxy of HTTPS_PROXY carries the calls, and the authority still counts', async () => {
  const proxy = await startProxy()
  assert.equal(await get({ ca: [LOOPBACK_CERTIFICATE], environment: { HTTPS_PROXY: proxy.href } }), 'hello')
  assert.deepEqual(proxy.connected, [url.host])
  await assert.rejects(get({ environment: { https_proxy: proxy.href } }))
  proxy.close()
})

test('NO_PROXY goes past the proxy', async () => {
  const proxy = await startProxy()
  const environment = { HTTPS_PROXY: proxy.href, NO_PROXY: 'localhost' }
  assert.equal(await get({ ca: [LOOPBACK_CERTIFICATE], environment }), 'hello')
  assert.deepEqual(proxy.connected, [])
  proxy.close()
})

test('the proxy of the process environment is not used behind our back', async () => {
  const before = process.env.HTTPS_PROXY
  process.env.HTTPS_PROXY = 'http://127.0.0.1:1'
  assert.equal(await get({ ca: [LOOPBACK_CERTIFICATE] }), 'hello')
  if (before === undefined) delete process.env.HTTPS_PROXY
  else process.env.HTTPS_PROXY = before
})

const unreachable: ReadonlyArray<readonly [name: string, target: string, reason: string]> = [
  ['a name that does not exist', 'https://realm.invalid/', 'dns'],
  ['a port nobody listens on', 'http://127.0.0.1:1/', 'refused'],
]

for (const [name, target, reason] of unreachable) {
  test(`${name} is told as ${reason}`, async () => {
    await assert.rejects(
      get({}, new URL(target)),
      (error) => isGatewayError(error, 'ERR_REALM_UNREACHABLE') && error.detail.reason === reason,
    )
  })
}
