// Who the client is, told by a proxy that is trusted and by headers that only passed through it.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createClientAddresses } from '../../src/http/client-address.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { createTestProxy, type TestProxy } from '../support/test-proxy.ts'
import { createTestUpstream, type TestUpstream } from '../support/test-upstream.ts'

suite('behind a trusted proxy', () => {
  let upstream: TestUpstream
  let proxy: TestProxy

  before(async () => {
    upstream = await createTestUpstream()
    proxy = await createTestProxy({ upstream: upstream.origin, trustedProxies: ['127.0.0.0/8'] })
  })
  after(async () => {
    await upstream.close()
    await proxy.close()
  })

  async function chains(lines: readonly string[]) {
    assert.equal((await sendRaw(proxy.port, buildRaw('GET /x', [`Host: ${proxy.host}`, ...lines]))).status, 200)
    const { headers } = upstream.received.at(-1)!
    return [headers['x-forwarded-for'], headers.forwarded]
  }

  const own = () => `for=127.0.0.1;host="${proxy.host}";proto=http`

  // The proxy wrote the first header of each row and passed the second one on as it came.
  const disagreeing: readonly (readonly [string, string, string])[] = [
    ['CVE-2026-57210', 'X-Forwarded-For: 203.0.113.9', 'Forwarded: for=10.0.0.1'],
    ['CVE-2026-57210', 'Forwarded: for=203.0.113.9', 'X-Forwarded-For: 10.0.0.1'],
    ['CVE-2026-57210', 'X-Forwarded-For: 203.0.113.9', 'Forwarded: for="10.0.0.1'],
    ['GHSA-4jgr', 'X-Forwarded-For: 203.0.113.9', 'Forwarded: for=10.0.0.1;host="a'],
  ]
  for (const [id, written, passed] of disagreeing) {
    test(`${passed} beside ${written} makes the upstream believe neither (${id})`, async () => {
      assert.deepEqual(await chains([written, passed]), ['127.0.0.1', own()])
    })
  }

  for (const line of [
    'X-Forwarded-For: not-an-ip',
    'X-Forwarded-For: 1.2.3.4.5',
    'X-Forwarded-For: ',
    'Forwarded: for="203.0.113.9',
    'Forwarded: for=unknown',
    'Forwarded: for="203.0.113.9\\"',
  ]) {
    test(`${line} names no client and goes no further (CVE-2026-57210)`, async () => {
      assert.deepEqual(await chains([line]), ['127.0.0.1', own()])
    })
  }

  test('two headers that agree are continued', async () => {
    assert.deepEqual(await chains(['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9']), [
      '203.0.113.9, 127.0.0.1',
      `for=203.0.113.9, ${own()}`,
    ])
  })
})

const addresses = createClientAddresses(['10.0.0.0/8'])
const PEER = { address: '10.0.0.1', isTrusted: true, forwardedFor: 'for=10.0.0.1' }

for (const value of ['not-an-ip', '[::1', '1.2.3.4:x', '%00', ',', '198.51.100.1, not-an-ip', '::1%a;b']) {
  test(`X-Forwarded-For ${JSON.stringify(value)} leaves the proxy as the client (CVE-2026-57210)`, () => {
    assert.equal(addresses.clientOf(PEER, value, undefined), PEER.address)
  })
}
