import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { startDevRealm } from '@doorman/dev-realm'
import { endOf, run, spawnCommand, VALID, writeConfig } from '../support/command.ts'

test('serves until SIGTERM, passed on by the command, and exits 0', async () => {
  const child = spawnCommand(['start', '-c', writeConfig(VALID)])
  const [line] = await once(createInterface({ input: child.stderr }), 'line')
  const address = /served on (\S+)$/.exec(String(line))?.[1]
  const { status } = await fetch(`http://${address}/`, { headers: { host: 'other.example' } })
  assert.equal(status, 421)
  child.kill('SIGTERM')
  assert.equal((await endOf(child)).exitCode, 0)
})

test('names a port that is taken and the key to change', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as import('node:net').AddressInfo
  for (const [key, config] of [
    ['listen', VALID.replace('listen: 127.0.0.1:0\n', `listen: 127.0.0.1:${port}\n`)],
    ['operator.listen', VALID.replace('{ listen: 127.0.0.1:0 }', `{ listen: 127.0.0.1:${port} }`)],
  ] as const) {
    const { exitCode, err } = await run(['start', '-c', writeConfig(config)], { DOORMAN_LOG_LEVEL: 'error' })
    assert.equal(exitCode, 1)
    assert.match(err, new RegExp(`port ${port} is taken.* set ${key} `))
  }
  other.close()
})

const WRONG: readonly (readonly [string, string, Record<string, string>])[] = [
  ['a wrong file', 'publicUrl: 1', {}],
  ['an address that is none', VALID, { DOORMAN_LISTEN: '4000' }],
  ['a log level that is none', VALID, { DOORMAN_LOG_LEVEL: 'loud' }],
  ['a ring that is none', `${VALID}keys: [nonsense]\n`, {}],
]

for (const [behaviour, config, env] of WRONG) {
  test(`exits 78 for ${behaviour}`, async () => {
    assert.equal((await run(['start', '-c', writeConfig(config)], env)).exitCode, 78)
  })
}

test('refuses a development realm before a public address', async () => {
  const realm = await startDevRealm({ clients: [] })
  const config = VALID.replace('http://localhost:4000', 'https://app.example.com').replace(
    'http://127.0.0.1:9/realms/main',
    realm.issuer,
  )
  const { exitCode, err } = await run(['start', '-c', writeConfig(config)], { DOORMAN_LOG_LEVEL: 'error' })
  await realm.close()
  assert.equal(exitCode, 78)
  assert.match(err, /development realm/)
})
