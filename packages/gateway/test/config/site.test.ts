import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameSite } from '../../src/config/site.ts'

const ROWS: readonly [string, string, boolean][] = [
  ['https://app.example.com', 'https://app.example.com', true],
  ['https://app.example.com', 'https://admin.example.com', true],
  ['https://app.example.com', 'https://example.com', true],
  ['https://a.b.example.com', 'https://example.com', true],
  ['https://app.example.com', 'https://app.example.com:8443', true],
  ['https://app.example.com', 'http://app.example.com', false],
  ['https://app.example.com', 'https://app.example.com.evil.com', false],
  ['https://app.example.com', 'https://badexample.com', false],
  ['https://app.example.com', 'https://app.example.org', false],
  ['https://one.co.uk', 'https://two.co.uk', false],
  ['https://app.one.co.uk', 'https://one.co.uk', true],
  ['https://alice.github.io', 'https://mallory.github.io', false],
  ['https://a.alice.github.io', 'https://b.alice.github.io', true],
  ['https://xn--bcher-kva.example', 'https://shop.xn--bcher-kva.example', true],
  ['https://xn--bcher-kva.example', 'https://bucher.example', false],
  ['http://localhost:4000', 'http://localhost:5173', true],
  ['http://localhost:4000', 'http://127.0.0.1:4000', false],
  ['http://one.localhost', 'http://two.localhost', false],
  ['http://127.0.0.1:4000', 'http://127.0.0.1:5173', true],
  ['http://10.0.0.1', 'http://10.0.0.2', false],
  ['http://[::1]:4000', 'http://[::1]:5173', true],
  ['http://[2001:db8::1]', 'http://[2001:db8::2]', false],
  ['http://intranet', 'http://intranet:8080', true],
  ['http://intranet', 'http://wiki', false],
]

for (const [a, b, expected] of ROWS) {
  test(`${a} and ${b} are ${expected ? 'one site' : 'two sites'}`, () => {
    assert.equal(isSameSite(a, b), expected)
    assert.equal(isSameSite(b, a), expected)
  })
}
