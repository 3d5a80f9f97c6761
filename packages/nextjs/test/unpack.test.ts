import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { askForPlain, unpack } from '../src/unpack.ts'

const TEXT = 'a long answer '.repeat(500)

function packed(coding: string, body: BodyInit): Response {
  return new Response(body, {
    status: 201,
    headers: { 'content-encoding': coding, 'content-length': '7', etag: '"1"' },
  })
}

for (const [coding, body] of [
  ['gzip', gzipSync(TEXT)],
  ['X-Gzip', gzipSync(TEXT)],
  ['deflate', deflateSync(TEXT)],
  ['br', brotliCompressSync(TEXT)],
  ['zstd', zstdCompressSync(TEXT)],
  ['gzip, identity, br', brotliCompressSync(gzipSync(TEXT))],
] as const) {
  test(`what was packed by ${coding} is unpacked, and nothing says any more that it was packed`, async () => {
    const answer = unpack(packed(coding, new Uint8Array(body)))
    const { headers } = answer
    const told = ['content-encoding', 'content-length', 'etag'].map((name) => headers.get(name))
    assert.deepEqual([answer.status, told, await answer.text()], [201, [null, null, '"1"'], TEXT])
  })
}

for (const coding of ['compress', 'gzip, toString', 'dcb']) {
  test(`${coding} is a 502, and the service hears that nobody reads`, async () => {
    const cancelled = Promise.withResolvers<void>()
    const answer = unpack(packed(coding, new ReadableStream({ cancel: () => cancelled.resolve() })))
    assert.deepEqual([answer.status, (await answer.json()).code], [502, 'upstream_bad_response'])
    await cancelled.promise
  })
}

test('what only says that it was packed breaks off, and is not taken for a short answer', async () => {
  await assert.rejects(unpack(packed('gzip', TEXT)).text())
  await assert.rejects(unpack(packed('gzip', new Uint8Array(gzipSync(TEXT).subarray(0, -9)))).text())
})

test('what is not packed stays as it is', () => {
  for (const answer of [new Response(TEXT), packed('identity', TEXT), new Response(null, { status: 304 })]) {
    assert.equal(unpack(answer), answer)
  }
})

test('a service is asked not to pack, and for all the rest that was asked for', async () => {
  const headers = { 'accept-encoding': 'br', 'x-kind': 'test' }
  const plain = askForPlain(new Request('http://service.test/a?b=1', { method: 'PUT', headers, body: TEXT }))
  assert.deepEqual([plain.method, plain.url, await plain.text()], ['PUT', 'http://service.test/a?b=1', TEXT])
  assert.deepEqual([plain.headers.get('accept-encoding'), plain.headers.get('x-kind')], ['identity', 'test'])
})
