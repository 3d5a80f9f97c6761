import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRewrite } from '../../src/upstream/rewrite.ts'

const ROWS = [
  ['/api/agent/*', '/v1/agent/*', '/api/agent/x', '/v1/agent/x'],
  ['/api/agent/*', '/v1/agent/*', '/api/agent', '/v1/agent'],
  ['/api/agent/*', '/v1/agent/*', '/api/agent/', '/v1/agent/'],
  ['/api/agent/*', '/v1/agent/*', '/api/agent/a%20b/c%23', '/v1/agent/a%20b/c%23'],
  ['/api/agent/*', '/*', '/api/agent/x', '/x'],
  ['/api/agent/*', '/*', '/api/agent', '/'],
  ['/*', '/v1/*', '/x', '/v1/x'],
  ['/*', '/v1/*', '/', '/v1/'],
  ['/*', '/*', '/', '/'],
  ['/old', '/new', '/old', '/new'],
  ['/old/*', '/new', '/old/x/y', '/new'],
  ['/a', '/b/*', '/a', '/b'],
] as const

for (const [path, rewrite, asked, expected] of ROWS) {
  test(`${asked} on ${path} asks ${rewrite} for ${expected}`, () => {
    assert.equal(compileRewrite(path, rewrite)(asked), expected)
  })
}

test('without a rewrite the path stays as it came', () => {
  assert.equal(compileRewrite('/a/*', null)('/a/%41'), '/a/%41')
})
