import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dev } from '../../src/commands/dev.ts'
import { openEmbeddedRealm } from '../../src/dev/demo-realm.ts'
import { type DemoOptions, runDev, startDemo } from '../../src/dev/dev.ts'
import { close, listen } from '../../src/dev/ports.ts'

const FIRST_PORT = 4500
let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorman-demo-'))
})
after(() => rm(folder, { recursive: true, force: true }))

function demoOptions(lines: string[], changes: Partial<DemoOptions> = {}): DemoOptions {
  return {
    port: FIRST_PORT,
    folder: join(folder, 'demo'),
    listen: undefined,
    logLevel: 'error',
    print: (line) => lines.push(line),
    ...changes,
  }
}

test('the walk through the demo goes well and shows no token', async () => {
  const lines: string[] = []
  assert.equal(await runDev({ ...demoOptions(lines), usesKeycloak: false, walks: true }), 0)
  assert.ok(lines.some((line) => line.includes('doorman → account')))
  assert.doesNotMatch(lines.join('\n'), /eyJ[\w-]+\.eyJ|code=|state=/)
})

test('a port that is taken is named, and another one used', async () => {
  const taken = createServer()
  const port = await listen(taken, 0)
  const lines: string[] = []
  const demo = await startDemo(demoOptions(lines, { port }), openEmbeddedRealm)
  try {
    assert.ok(lines.some((line) => line.includes(String(port)) && line.includes('taken')))
    assert.notEqual(demo.publicUrl, `http://localhost:${port}`)
    assert.equal((await fetch(demo.publicUrl)).status, 200)
  } finally {
    await demo.close()
    await close(taken)
  }
})

test('an address to listen on decides the public port, and off loopback it warns', async () => {
  const free = createServer()
  const port = await listen(free, 0)
  await close(free)
  const lines: string[] = []
  const demo = await startDemo(demoOptions(lines, { listen: { host: '0.0.0.0', port } }), openEmbeddedRealm)
  try {
    assert.equal(demo.publicUrl, `http://localhost:${port}`)
    assert.equal((await fetch(demo.publicUrl)).status, 200)
    assert.ok(lines.some((line) => line.startsWith('warning:')))
  } finally {
    await demo.close()
  }
})

test('the file the demo runs on holds no secret', async () => {
  const demo = await startDemo(demoOptions([]), openEmbeddedRealm)
  try {
    const text = await readFile(join(folder, 'demo', 'doorman.yaml'), 'utf8')
    assert.equal(text.includes(demo.realm.clientSecret), false)
  } finally {
    await demo.close()
  }
})

test('the demo does not start in production', async () => {
  const terminal = { print() {}, tell() {}, isInteractive: false }
  const options = { walks: true, usesKeycloak: false, port: FIRST_PORT }
  await assert.rejects(dev(options, terminal, { NODE_ENV: 'production' }), /NODE_ENV=production/)
})
