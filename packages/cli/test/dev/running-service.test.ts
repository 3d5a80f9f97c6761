import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { close, listen } from '../../src/dev/ports.ts'
import { startService } from '../../src/dev/running-service.ts'

async function commandOf(script: string) {
  const probe = createServer()
  const port = await listen(probe, 0)
  await close(probe)
  const env = { PORT: String(port) }
  return { command: process.execPath, args: ['-e', script], folder: '.', env, url: `http://127.0.0.1:${port}` }
}

const SERVES = `require('http').createServer((_, r) => r.end('x')).listen(process.env.PORT, '127.0.0.1')`
const never = new AbortController().signal

test('a service is there when it answers, and gone when it is closed', async () => {
  const service = await startService(await commandOf(SERVES), never)
  assert.equal((await fetch(service.url)).status, 200)
  await service.close()
  await assert.rejects(fetch(service.url))
  await service.close()
})

test('a service that ends at once says why by its last line', async () => {
  const command = await commandOf(`console.error('first'); console.error('no database'); process.exit(3)`)
  await assert.rejects(startService(command, never), { message: 'no database' })
})

test('a service that throws says what it threw', async () => {
  await assert.rejects(startService(await commandOf(`throw new TypeError('no luck')`), never), {
    message: 'TypeError: no luck',
  })
})

test('a command that is not there is refused', async () => {
  const command = { ...(await commandOf('')), command: 'no-such-command-anywhere' }
  await assert.rejects(startService(command, never), /ENOENT/)
})

test('the signal ends one that never answers', async () => {
  const leaving = new AbortController()
  const starting = startService(await commandOf('setInterval(() => {}, 1000)'), leaving.signal)
  leaving.abort()
  await assert.rejects(starting)
})
