import assert from 'node:assert/strict'
import { openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { openGateway, parseConfig } from '@doorman/gateway'
import { buildDemoConfig } from '../../src/dev/demo-config.ts'
import { DEMO_SERVICES } from '../../src/dev/demo-services.ts'
import { run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const CONFIG = writeConfig(
  VALID.replace('clientId: web,', 'clientId: web, scopes: [openid, organization],')
    .replace(
      'services:',
      'tenant: { claim: organization }\nservices:\n  agent: { url: "http://agent:1", credential: internal }',
    )
    .replace(
      'routes:',
      'routes:\n  - { path: "/agent/*", service: agent, rewrite: "/v1/*", require: { roles: [user], tenant: true }, limit: { rate: 5/min, by: user } }',
    ),
)

function explain(...args: readonly string[]) {
  return run(['explain', ...args, '-c', CONFIG])
}

function claimsFile(text: string): string {
  const file = join(temporaryFolder(), 'claims.json')
  writeFileSync(file, text)
  return file
}

/** Rows of what was printed, in cells. */
function rows(out: string): readonly (readonly string[])[] {
  return out.split('\n').map((line) => line.split(/ {2,}/))
}

const ADMIN = { sub: 'carol', realm_access: { roles: ['admin'] }, resource_access: { web: { roles: ['read'] } } }

suite('doorman explain', () => {
  test('prints the route, every rule with what it saw, and the verdict', async () => {
    const { exitCode, out, err } = await explain(
      'GET',
      '/api/x?secret=1',
      '--claims',
      claimsFile(JSON.stringify(ADMIN)),
    )
    assert.deepEqual([exitCode, err], [0, ''])
    const printed = rows(out)
    assert.deepEqual(printed[0], ['GET /api/x'])
    assert.deepEqual(printed[1], ['route', '/api/* (GET POST) to reports: http://reports:8000/api/x'])
    for (const row of [
      ['RULE', 'WANTS', 'SAW', 'HOLDS'],
      ['login', 'true', 'carol', 'yes'],
      ['via', '["session"]', 'session', 'yes'],
      ['roles', '["admin"]', '["admin"]', 'yes'],
      ['clientRoles web', '["read"]', '["read"]', 'yes'],
      ['credential', 'accessToken from realm main'],
      ['authorization', 'Bearer (accessToken)'],
      ['note: the query was left out: it decides nothing'],
      ['allowed'],
    ]) {
      assert.ok(
        printed.some((printedRow) => printedRow.join('|') === row.join('|')),
        row.join('|'),
      )
    }
    assert.ok(!out.includes('secret'))
  })

  test('says who of the development realm may', async () => {
    const alice = await explain('GET', '/agent/chat', '--as', 'alice')
    assert.equal(alice.exitCode, 0)
    assert.match(alice.out, /^tenant +acme$/m)
    const carol = await explain('GET', '/api/x', '--as', 'carol')
    assert.equal(carol.exitCode, 2)
    assert.match(carol.out, /^clientRoles web +\["read"\] +- +NO$/m)
    assert.match(carol.out, /^denied: 403 forbidden \(ERR_POLICY_FORBIDDEN\)/m)
  })

  test('shows the claims of an internal token, the tenant and the limit, and no token', async () => {
    const { out } = await explain('GET', '/agent/chat', '--as', 'bob', '--tenant', 'globex')
    const printed = rows(out)
    const told = (name: string) => printed.find(([first]) => first === name)?.[1]
    assert.equal(told('tenant'), 'globex')
    assert.equal(told('limit'), '5 in 60 s by user (route)')
    assert.equal(told('credential'), 'internal for agent')
    assert.equal(told('roles'), '["user"]')
    assert.equal(told('aud'), 'agent')
    assert.equal(told('x-tenant'), 'globex')
  })

  test('lists the tenants where one must be named', async () => {
    const { exitCode, out } = await explain('GET', '/agent/chat', '--as', 'bob')
    assert.equal(exitCode, 2)
    assert.match(out, /one of \["acme","globex"\] must be named/)
    assert.match(out, /ERR_TENANT_AMBIGUOUS/)
  })

  test('takes nobody where nobody is named', async () => {
    assert.equal((await explain('GET', '/')).exitCode, 0)
    const { exitCode, out } = await explain('GET', '/me')
    assert.equal(exitCode, 2)
    assert.match(out, /^caller +nobody$/m)
    assert.match(out, /note: a page is sent to log in instead/)
  })

  test('takes a bearer token only where the route does', async () => {
    assert.equal((await explain('GET', '/me', '--as', 'alice')).exitCode, 0)
    const { out } = await explain('GET', '/me', '--as', 'alice', '--via', 'bearer')
    assert.match(out, /^via +\["session"\] +bearer +NO$/m)
  })

  for (const [path, code] of [
    ['/API/x', 'ERR_REQUEST_MALFORMED'],
    ['/a/../b', 'ERR_REQUEST_MALFORMED'],
    ['/auth/nothing', 'ERR_ROUTE_NOT_FOUND'],
  ] as const) {
    test(`says ${code} of ${path}`, async () => {
      const { exitCode, out } = await explain('GET', path)
      assert.equal(exitCode, 2)
      assert.ok(out.includes(code))
    })
  }

  test('says which methods a route takes', async () => {
    const { exitCode, out } = await explain('DELETE', '/api/x')
    assert.equal(exitCode, 2)
    assert.match(out, /takes GET, POST, HEAD/)
  })

  test('--json prints one document', async () => {
    const { exitCode, out } = await explain('GET', '/api/x', '--json')
    const { route, decision, rules } = JSON.parse(out)
    assert.equal(exitCode, 2)
    assert.equal(route.path, '/api/*')
    assert.equal(decision.code, 'ERR_SESSION_REQUIRED')
    assert.equal(rules.length, 5)
  })

  test('takes a method in small letters', async () => {
    const { out } = await explain('get', '/api/x', '--json')
    assert.equal(JSON.parse(out).method, 'GET')
  })

  test('lets no claim move the cursor or turn the text', async () => {
    const claims = { sub: 'x\u001b[2J\u009b2J\u202eadmin\nroles', realm_access: { roles: [] } }
    const { out } = await explain('GET', '/api/x', '--claims', claimsFile(JSON.stringify(claims)))
    for (const line of out.split('\n')) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
  })
})

suite('doorman explain fails with', () => {
  const rows: readonly (readonly [string, readonly string[], number])[] = [
    ['1 for two people at once', ['GET', '/', '--as', 'alice', '--claims', 'x.json'], 1],
    ['1 for a person nobody knows', ['GET', '/', '--as', 'mallory'], 1],
    ['1 for a person who may not log in', ['GET', '/', '--as', 'dave'], 1],
    ['1 for claims that are not there', ['GET', '/', '--claims', '/no/such/file.json'], 1],
    ['1 for claims that are a list', ['GET', '/', '--claims', claimsFile('[]')], 1],
    ['1 for claims that are no JSON', ['GET', '/', '--claims', claimsFile('eyJ…')], 1],
    ['1 for another way to prove it', ['GET', '/', '--via', 'magic'], 1],
    ['1 without a path', ['GET'], 1],
    ['1 for what is no method', ['BREW', '/'], 1],
    ['1 for a session without a gateway to ask', ['GET', '/', '--session', 'x'], 1],
    ['1 for a gateway without a token', ['GET', '/', '--url', 'http://127.0.0.1:9'], 1],
    [
      '1 for a person of the development realm at a gateway',
      ['GET', '/', '--as', 'alice', '--url', 'http://127.0.0.1:9'],
      1,
    ],
    ['1 for what is no address', ['GET', '/', '--url', 'operator'], 1],
  ]
  for (const [name, args, expected] of rows) {
    test(name, async () => {
      const { exitCode, out } = await explain(...args)
      assert.deepEqual([exitCode, out], [expected, ''])
    })
  }

  test('78 for a wrong configuration', async () => {
    assert.equal((await run(['explain', 'GET', '/', '-c', '/no/such/doorman.yaml'])).exitCode, 78)
  })
})

suite('doorman explain --url', () => {
  const folder = temporaryFolder()
  const text = VALID.replace('listen: 127.0.0.1:0 }', 'listen: 127.0.0.1:0, tokenFile: token }')
  const reading = parseConfig(text, { file: join(folder, 'doorman.yaml'), env: {}, folder })
  assert(reading.kind === 'valid')
  const { config } = reading
  const claims = claimsFile(JSON.stringify({ ...ADMIN, sub: 'canary' }))

  async function ask(...args: readonly string[]) {
    const gateway = await openGateway(config, { logLevel: 'error', logDestination: openSync(join(folder, 'log'), 'a') })
    try {
      const url = `http://127.0.0.1:${gateway.operatorAddress.port}`
      return await run(['explain', ...args, '--url', url, '--token-file', join(folder, 'token')])
    } finally {
      await gateway.close()
    }
  }

  test('prints what the gateway says, with masked values', async () => {
    const { exitCode, out, err } = await ask('GET', '/api/x', '--claims', claims)
    assert.equal(exitCode, 0)
    assert.match(err, /--show-claims/)
    assert.match(out, /^roles +\["admin"\] +list of 1 +yes$/m)
    assert.match(out, /^allowed$/m)
    assert.doesNotMatch(out, /canary/)
  })

  test('prints values when asked to', async () => {
    const { out, err } = await ask('GET', '/api/x', '--claims', claims, '--show-claims')
    assert.equal(err, '')
    assert.match(out, /^login +true +canary +yes$/m)
  })

  test('exits 2 for who is refused, and 1 for a session that there is not', async () => {
    assert.equal((await ask('GET', '/api/x')).exitCode, 2)
    assert.equal((await ask('GET', '/api/x', '--session', 'nothing')).exitCode, 1)
  })

  test('exits 1 when nobody answers', async () => {
    writeFileSync(join(folder, 'any'), 'x'.repeat(43))
    const args = ['explain', 'GET', '/', '--url', 'http://127.0.0.1:9', '--token-file', join(folder, 'any')]
    assert.equal((await run(args)).exitCode, 1)
  })
})

suite('of each route of the demo', () => {
  const folder = temporaryFolder()
  const addresses = {
    publicUrl: 'http://localhost:4000',
    listen: '127.0.0.1:4000',
    operatorPort: 4001,
    frontPageUrl: 'http://127.0.0.1:4002',
    services: new Map(DEMO_SERVICES.map(({ name }, index) => [name, `http://127.0.0.1:${4003 + index}`])),
  }
  const realms = { main: 'http://localhost:4020/realms/main', models: 'http://localhost:4021/realms/models' }
  const text = buildDemoConfig(realms, addresses)
  for (const name of ['client-secret', 'models-client-secret', 'keys']) writeFileSync(join(folder, name), 'x')
  const file = writeConfig(text, folder)
  const reading = parseConfig(text, { file, env: {}, folder })
  assert(reading.kind === 'valid')

  for (const { path, service, require } of reading.config.routes) {
    test(`${path} it tells service and rules, and who may`, async () => {
      const asked = path.replace('/*', '/x')
      const [alice, nobody] = [
        await run(['explain', 'GET', asked, '--as', 'alice', '--json', '-c', file]),
        await run(['explain', 'GET', asked, '--json', '-c', file]),
      ]
      const { route, rules, decision } = JSON.parse(alice.out)
      assert.deepEqual([route.path, route.service], [path, service])
      const words = rules.map(({ rule }: { rule: string }) => rule)
      const isAdmins = require !== 'none' && require.roles.includes('admin')
      assert.deepEqual(words.slice(0, 2), require === 'none' ? [] : ['login', 'via'])
      assert.equal(words.includes('roles'), require !== 'none' && require.roles.length > 0)
      assert.equal(decision.kind, isAdmins ? 'deny' : 'allow')
      assert.equal(nobody.exitCode, require === 'none' ? 0 : 2)
    })
  }
})
