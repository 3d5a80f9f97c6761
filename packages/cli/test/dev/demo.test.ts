import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dev } from '../../src/commands/dev.ts'
import { openEmbeddedRealm, SECRET_SUFFIX } from '../../src/dev/demo-realm.ts'
import { type DemoOptions, runDev, startDemo } from '../../src/dev/dev.ts'
import { EXAMPLES_FOLDER } from '../../src/dev/example-services.ts'
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
    examples: join(folder, 'no-examples'),
    print: (line) => lines.push(line),
    ...changes,
  }
}

const IN_CI = process.env.CI === 'true'
const WALK = { usesKeycloak: false, walks: true, leavesOut: !IN_CI }

test('the walk through the demo goes well, every service receives its own credential, and no token is shown', async () => {
  const lines: string[] = []
  assert.equal(await runDev({ ...demoOptions(lines, { examples: EXAMPLES_FOLDER }), ...WALK }), 0)
  for (const name of ['hello', 'account', 'llm', 'express', 'fastify', 'hono'])
    assert.ok(
      lines.some((line) => line.startsWith(`   ✔ ${name} (`)),
      name,
    )
  assert.doesNotMatch(lines.join('\n'), /eyJ[\w-]+\.eyJ|code=|state=/)
})

test('without the examples the walk names what is left out, and still goes well', async () => {
  const lines: string[] = []
  assert.equal(await runDev({ ...demoOptions(lines), ...WALK, leavesOut: true }), 0)
  for (const name of ['express', 'fastify', 'hono', 'fastapi'])
    assert.ok(
      lines.some((line) => line.startsWith(`   – ${name} is left out: `)),
      name,
    )
})

test('where nothing may be left out, the walk fails without the examples', async () => {
  assert.equal(await runDev({ ...demoOptions([]), ...WALK, leavesOut: false }), 1)
})

test('an example that does not start is left out with its reason, on the page, too', async () => {
  const examples = join(folder, 'broken-examples')
  await mkdir(join(examples, 'express-service'), { recursive: true })
  await writeFile(join(examples, 'express-service', 'start.ts'), "throw new Error('no luck today')")
  const demo = await startDemo(demoOptions([], { examples }), openEmbeddedRealm)
  try {
    await demo.settled
    const state = demo.states().get('express')
    assert.ok(state?.kind === 'left-out')
    const services: ReadonlyArray<{ name: string; state: unknown }> = JSON.parse(
      await (await fetch(`${demo.publicUrl}/services.json`)).text(),
    )
    assert.deepEqual(services.find(({ name }) => name === 'express')?.state, state)
  } finally {
    await demo.close()
  }
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
    assert.equal(text.includes(SECRET_SUFFIX), false)
  } finally {
    await demo.close()
  }
})

test('the demo does not start in production', async () => {
  const terminal = { print() {}, tell() {}, isInteractive: false }
  const options = { walks: true, usesKeycloak: false, port: FIRST_PORT }
  await assert.rejects(dev(options, terminal, { NODE_ENV: 'production' }), /NODE_ENV=production/)
})
