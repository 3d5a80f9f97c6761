import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Requirement } from '../../src/policy/requirement.ts'
import { compileRoutes, type RouteRule } from '../../src/upstream/route.ts'
import { buildRequirement } from '../support/requirements.ts'

const LOGIN = buildRequirement()
const ADMIN = buildRequirement({ roles: ['admin'] })

function route(path: string, require: Requirement = 'none', methods: readonly string[] | null = null): RouteRule {
  return { path, methods, require, limit: null }
}

function owner(routes: readonly RouteRule[], path: string, method = 'GET'): string {
  const match = compileRoutes(routes).match(method, path)
  return match.kind === 'matched' ? match.route.path : match.kind
}

suite('a route', () => {
  const routes = [route('/*'), route('/api/*'), route('/api/agent/*'), route('/api/agent'), route('/api/one')]
  const rows = [
    ['/', '/*'],
    ['/other', '/*'],
    ['/api', '/api/*'],
    ['/api/', '/api/*'],
    ['/apis', '/*'],
    ['/api/x/y', '/api/*'],
    ['/api/agent', '/api/agent'],
    ['/api/agent/', '/api/agent/*'],
    ['/api/agent/x', '/api/agent/*'],
    ['/api/agents', '/api/*'],
    ['/api/one', '/api/one'],
    ['/api/one/x', '/api/*'],
  ] as const
  for (const [path, expected] of rows) {
    test(`${expected} owns ${path}`, () => assert.equal(owner(routes, path), expected))
  }

  test('nobody owns a path that none lists', () => {
    assert.equal(owner([route('/api/*')], '/'), 'none')
    assert.equal(owner([], '/'), 'none')
    assert.equal(owner([route('/a')], '/a/b'), 'none')
  })

  test('order in the file does not matter', () => {
    assert.equal(owner(routes.toReversed(), '/api/agent/x'), '/api/agent/*')
  })

  test('a name that every object has is no route', () => {
    assert.equal(owner([route('/x')], '/constructor'), 'none')
    assert.equal(owner([route('/x')], '/__proto__'), 'none')
  })
})

suite('the methods of a route', () => {
  const routes = [route('/*'), route('/api/*', 'none', ['GET', 'POST'])]
  const match = (method: string) => compileRoutes(routes).match(method, '/api/x')

  test('let through what they list', () => {
    assert.equal(match('GET').kind, 'matched')
    assert.equal(match('POST').kind, 'matched')
  })
  test('let HEAD through where they list GET', () => assert.equal(match('HEAD').kind, 'matched'))
  for (const method of ['DELETE', 'OPTIONS', 'get', 'gEt', 'FOO', 'PROPFIND', 'TRACE', 'CONNECT']) {
    test(`refuse ${method} and never give it to a shorter route`, () => {
      const result = match(method)
      assert(result.kind === 'method-not-allowed')
      assert.equal(result.allow, 'GET, POST, HEAD')
    })
  }
  for (const method of ['TRACE', 'CONNECT']) {
    test(`refuse ${method} even when all are let through`, () => {
      assert.equal(owner([route('/*')], '/x', method), 'method-not-allowed')
    })
  }
  test('can be divided between two routes of one path', () => {
    const divided = compileRoutes([route('/a', 'none', ['GET']), route('/a', ADMIN, ['POST'])])
    const post = divided.match('POST', '/a')
    assert(post.kind === 'matched')
    assert.equal(post.route.require, ADMIN)
    const put = divided.match('PUT', '/a')
    assert.equal(put.kind === 'method-not-allowed' && put.allow, 'GET, POST, HEAD')
  })
})

suite('a path that an upstream could read as a stricter one', () => {
  const routes = [route('/*'), route('/admin/*', ADMIN), route('/me', LOGIN), route('/caf%C3%A9/*', LOGIN)]
  const paths = [
    '/Admin',
    '/ADMIN/x',
    '/%61dmin/x',
    '/admi%6E',
    '/me/',
    '/Me',
    '/caf%c3%a9/x',
    '/CAF%C3%A9',
    '/%EF%BD%81dmin',
  ]
  for (const path of paths) {
    test(`${path} is ambiguous`, () => assert.equal(owner(routes, path), 'ambiguous'))
  }

  test('is ambiguous also where no route would own it', () => {
    assert.equal(owner([route('/admin/*', ADMIN)], '/Admin/x'), 'ambiguous')
    assert.equal(owner([route('/open/*')], '/Open/x'), 'none')
  })

  test('is fine below a route that is at least as strict', () => {
    assert.equal(owner(routes, '/admin/X/%41/'), '/admin/*')
    const nested = [route('/api/*', ADMIN), route('/api/docs/*', LOGIN)]
    assert.equal(owner(nested, '/api/Docs/x'), '/api/*')
  })

  test('is fine where the other rule is no stricter', () => {
    assert.equal(owner([route('/*'), route('/docs/*')], '/Docs/Intro'), '/*')
  })

  test('is ambiguous also when the routes themselves differ by case alone', () => {
    const pair = [route('/x/*'), route('/X/*', ADMIN)]
    assert.equal(owner(pair, '/x/a'), 'ambiguous')
    assert.equal(owner(pair, '/X/a'), '/X/*')
  })

  test('is ambiguous where the stricter rule asks for a stronger login alone', () => {
    const strong = buildRequirement({ acr: ['gold'] })
    assert.equal(owner([route('/a/*', LOGIN), route('/a/pay', strong)], '/a/Pay'), 'ambiguous')
    assert.equal(owner([route('/a/*', strong), route('/a/read', LOGIN)], '/a/Read'), '/a/*')
  })

  test('one role is not another', () => {
    const other = buildRequirement({ roles: ['auditor'] })
    assert.equal(owner([route('/a/*', ADMIN), route('/a/b', other)], '/a/B'), 'ambiguous')
  })
})
