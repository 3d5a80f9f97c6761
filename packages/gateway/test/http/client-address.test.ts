import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { createClientAddresses, parseAddressList, parseForwarded } from '../../src/http/client-address.ts'

const PROXIES = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']

function clientOf(remoteAddress: string, list?: string, forwarded?: string): string {
  const addresses = createClientAddresses(PROXIES)
  return addresses.clientOf(addresses.peerOf({ remoteAddress } as Socket), list, forwarded)
}

suite('the client of a request', () => {
  const rows: readonly [string, string, string | undefined, string | undefined, string][] = [
    ['is the peer when nobody speaks for another', '203.0.113.9', undefined, undefined, '203.0.113.9'],
    ['is the peer when an unlisted one names another', '203.0.113.9', '6.6.6.6', 'for=6.6.6.6', '203.0.113.9'],
    ['is what a listed proxy names', '10.1.2.3', '203.0.113.9', undefined, '203.0.113.9'],
    [
      'is the rightmost that is no listed proxy',
      '10.1.2.3',
      '6.6.6.6, 203.0.113.9, 10.9.9.9',
      undefined,
      '203.0.113.9',
    ],
    ['is the leftmost when all are listed', '10.1.2.3', '10.4.4.4, 10.5.5.5', undefined, '10.4.4.4'],
    ['loses its port', '10.1.2.3', '203.0.113.9:5678', undefined, '203.0.113.9'],
    ['loses brackets and port', '10.1.2.3', '[2001:dead::1]:80', undefined, '2001:dead::1'],
    ['loses the IPv6 dress of IPv4', '::ffff:203.0.113.9', undefined, undefined, '203.0.113.9'],
    ['is found through a proxy in IPv6 dress', '::ffff:10.1.2.3', '203.0.113.9', undefined, '203.0.113.9'],
    ['is found through an IPv6 proxy', '2001:db8::5', '203.0.113.9', undefined, '203.0.113.9'],
    ['may be named by Forwarded', '192.0.2.7', undefined, 'for="[2001:dead::1]:47011";proto=https', '2001:dead::1'],
    ['is the peer when the two headers disagree', '10.1.2.3', '6.6.6.6', 'for=203.0.113.9', '10.1.2.3'],
    ['is known when the two headers agree', '10.1.2.3', '203.0.113.9', 'for=203.0.113.9', '203.0.113.9'],
    ['is the peer when the name is obfuscated', '10.1.2.3', undefined, 'for=_hidden', '10.1.2.3'],
    ['is the peer when an element lacks its for', '10.1.2.3', undefined, 'for=6.6.6.6, proto=https', '10.1.2.3'],
    ['is the peer when a quote does not end', '10.1.2.3', undefined, 'for="203.0.113.9', '10.1.2.3'],
    ['is the peer when for stands twice', '10.1.2.3', undefined, 'for=6.6.6.6;for=203.0.113.9', '10.1.2.3'],
  ]
  for (const [name, peer, list, forwarded, expected] of rows) {
    test(name, () => assert.equal(clientOf(peer, list, forwarded), expected))
  }

  for (const value of [
    'not-an-ip',
    '',
    '1.2.3',
    '203.0.113.9, not-an-ip',
    '203.0.113.9,',
    '999.1.1.1',
    '[::1',
    '::1]:80',
  ]) {
    test(`is the peer when X-Forwarded-For is ${JSON.stringify(value)} (CVE-2026-57210)`, () => {
      assert.equal(clientOf('10.1.2.3', value), '10.1.2.3')
    })
  }

  test('is nobody named when no proxy is listed', () => {
    const addresses = createClientAddresses([])
    const peer = addresses.peerOf({ remoteAddress: '127.0.0.1' } as Socket)
    assert.equal(peer.isTrusted, false)
    assert.equal(addresses.clientOf(peer, '6.6.6.6', undefined), '127.0.0.1')
  })

  test('is written as a node of RFC 7239', () => {
    const addresses = createClientAddresses([])
    const nodeOf = (remoteAddress?: string) => addresses.peerOf({ remoteAddress } as Socket).forwardedFor
    assert.equal(nodeOf('203.0.113.9'), 'for=203.0.113.9')
    assert.equal(nodeOf('2001:db8::1'), 'for="[2001:db8::1]"')
    assert.equal(nodeOf(), 'for=unknown')
  })
})

test('separators inside quotes separate nothing', () => {
  assert.deepEqual(parseForwarded('for="1.2.3.4, 5.6.7.8";x=";", for=9.9.9.9'), [undefined, '9.9.9.9'])
})

test('each address of a list is read by itself', () => {
  assert.deepEqual(parseAddressList('203.0.113.9, x, ::1'), ['203.0.113.9', undefined, '::1'])
})
