import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const MODULE = new URL('../../src/observability/log-destination.ts', import.meta.url).href

function run(script: string): ChildProcess {
  const source = `import { openLogDestination } from '${MODULE}'\nconst destination = openLogDestination(1)\n${script}`
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

async function outputOf(script: string) {
  const child = run(script)
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    output += piece
  })
  const [code] = await once(child, 'close')
  return { output, code }
}

test('gathered lines are written soon, without a further line', async () => {
  const child = run(`destination.gather('one\\n'); process.stdin.resume()`)
  const [piece] = await once(child.stdout!, 'data')
  assert.equal(String(piece), 'one\n')
  child.stdin!.end()
  await once(child, 'close')
})

test('a process that ends by itself loses no line', async () => {
  const { output, code } = await outputOf(`destination.gather('one\\n'); destination.gather('two\\n'); process.exit(3)`)
  assert.equal(output, 'one\ntwo\n')
  assert.equal(code, 3)
})

test('a process that ends by an uncaught error loses no line', async () => {
  const child = await outputOf(
    `destination.gather('one\\n'); process.on('uncaughtException', () => process.exit(1)); setImmediate(() => { throw new Error('x') })`,
  )
  assert.equal(child.output, 'one\n')
})

test('closing writes everything', async () => {
  const { output, code } = await outputOf(
    `for (let i = 0; i < 5000; i++) destination.gather(i + '\\n'); await destination.close()`,
  )
  assert.equal(output, Array.from({ length: 5000 }, (_, i) => `${i}\n`).join(''))
  assert.equal(code, 0)
})

test('a reader that goes away does not end the process', async () => {
  const child = run(
    `let left = 100
     setInterval(() => (left-- > 0 ? destination.write('x'.repeat(1000) + '\\n') : process.exit(7)), 2)`,
  )
  await once(child.stdout!, 'data')
  child.stdout!.destroy()
  const [code] = await once(child, 'close')
  assert.equal(code, 7)
})

test('a reader that stalls costs lines, not memory, and the log says how much', async () => {
  const megabytes = 24
  const { output } = await outputOf(
    `const line = 'x'.repeat(1023) + '\\n'
     for (let i = 0; i < ${megabytes} * 1024; i++) destination.write(line)`,
  )
  const told = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  const toldBytes = told.reduce((sum, line) => sum + line.bytes, 0)
  const written = output.split('\n').filter((line) => line.startsWith('x')).length * 1024
  assert.ok(written <= 17 * 1024 * 1024)
  assert.equal(toldBytes + written, megabytes * 1024 * 1024)
})
