import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { findNodes, isOldNode } from '../support/nodes.ts'

const PREFLIGHT = new URL('../preflight.js', import.meta.url).pathname
const [oldNode] = findNodes().filter(isOldNode)

/** Shows the preflight another version than the Node that runs it. */
function preflightUnder(version: string) {
  const pretend = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
  return spawnSync(process.execPath, ['--import', pretend, PREFLIGHT], { encoding: 'utf8' })
}

for (const version of ['18.20.8', '20.20.2', '22.18.0']) {
  test(`Node ${version} gets one line and exit code 1`, () => {
    const { status, stderr } = preflightUnder(version)
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`^Node >= 22\\.19 is needed, found ${version}: [^\\n]+\\n$`))
  })
}

for (const version of ['22.19.0', '24.21.0', '26.0.0']) {
  test(`Node ${version} passes in silence`, () => {
    const { status, stdout, stderr } = preflightUnder(version)
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  })
}

if (oldNode !== undefined) {
  test('an older Node of this machine reads the preflight and gets one line', () => {
    const { status, stdout, stderr } = spawnSync(oldNode, [PREFLIGHT], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.equal(`${stdout}${stderr}`.trim().split('\n').length, 1)
  })
}
