import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { getCACertificates } from 'node:tls'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../../../gateway/test/support/loopback-certificate.ts'
import { isProvisionError } from '../../src/errors.ts'
import { createTimedRealmAdmin } from '../../src/keycloak/create-realm-admin.ts'
import type { RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import { useAuthorities } from '../../src/keycloak/trust.ts'

let folder: string
let server: Server
let url: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorman-trust-'))
  server = createServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, (_request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `https://localhost:${(server.address() as AddressInfo).port}`
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

async function writeBundle(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

function fingerprint(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256
}

function admin(): RealmAdmin {
  const credential = { kind: 'secret', clientId: 'a', secret: 'b' } as const
  const limits = { concurrency: 1, timeoutSeconds: 5, onCall: () => undefined }
  const time = { pause: async () => undefined, nowSeconds: () => 0 }
  return createTimedRealmAdmin({ issuer: `${url}/realms/main`, adminUrl: url, credential, ...limits }, time)
}

test('a bundle that is missing, empty or broken is refused by name, and nothing is believed', async (t) => {
  const known = getCACertificates('default').length
  const good = await writeBundle('good.pem', LOOPBACK_CERTIFICATE)
  const broken = LOOPBACK_CERTIFICATE.replace('MIIBlTCC', 'AAAAAAAA')
  const files = {
    missing: join(folder, 'missing.pem'),
    'without a certificate': await writeBundle('key.pem', LOOPBACK_KEY),
    empty: await writeBundle('empty.pem', ''),
    broken: await writeBundle('broken.pem', LOOPBACK_CERTIFICATE + broken),
  }
  for (const [name, file] of Object.entries(files)) {
    await t.test(name, () => {
      assert.throws(
        () => useAuthorities([good, file]),
        (error) => isProvisionError(error, 'ERR_TRUST_INVALID') && error.detail.file === file,
      )
      assert.equal(getCACertificates('default').length, known)
    })
  }
})

test('an authority is believed once its bundle is given, beside all that were believed before', async () => {
  await assert.rejects(admin().clients.list(), (error) => {
    assert.ok(isProvisionError(error, 'ERR_ADMIN_UNREACHABLE'), String(error))
    return error.detail.code === 'DEPTH_ZERO_SELF_SIGNED_CERT'
  })
  const known = getCACertificates('default')
  useAuthorities([await writeBundle('authority.pem', `some text before\n${LOOPBACK_CERTIFICATE}`)])
  await assert.rejects(admin().clients.list(), (error) => isProvisionError(error, 'ERR_ADMIN_CREDENTIAL'))
  const believed = new Set(getCACertificates('default').map(fingerprint))
  assert.ok(known.every((certificate) => believed.has(fingerprint(certificate))))
})

test('an environment in which nobody is verified is refused, with and without a bundle', (t) => {
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  assert.throws(
    () => useAuthorities([]),
    (error) => isProvisionError(error, 'ERR_TRUST_INVALID'),
  )
})
