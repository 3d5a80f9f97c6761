import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { openAdminApi } from '../../../provision/test/support/admin-api.ts'
import { type Outcome, run, spawnCommand, VALID, writeConfig } from '../support/command.ts'

const ENV = { SECRET: 'of-the-provisioner' }
const VIEW = ['view-clients', 'view-realm', 'view-users', 'view-identity-providers']

const api = await openAdminApi({ realms: ['main'] })
after(() => api.close())
api.addClient('main', { clientId: 'viewer', secret: ENV.SECRET }, VIEW)
api.addClient('main', { clientId: 'blinkered', secret: ENV.SECRET }, ['view-clients'])

function configWith(clients: string, { clientId = 'viewer', adminUrl = api.url } = {}): string {
  const credential = `{ clientId: ${clientId}, clientAuth: { secret: "\${SECRET}" } }`
  return writeConfig(`${VALID.replace('http://127.0.0.1:9/realms/main', api.issuer('main'))}
provision: { owner: shop, realms: { main: { adminUrl: "${adminUrl}", credential: ${credential} } } }
${clients}`)
}

function doorman(...args: readonly string[]): Promise<Outcome> {
  return run(args, ENV)
}

for (const command of ['plan', 'drift']) {
  test(`${command}: 2 when something differs`, async () => {
    assert.equal((await doorman(command, '-c', configWith('clients: { job: {} }'))).exitCode, 2)
  })

  test(`${command}: 78 when the file is wrong`, async () => {
    const { exitCode, out } = await doorman(command, '-c', configWith('clients: { job: { prest: web } }'))
    assert.deepEqual([exitCode, out], [78, ''])
  })

  test(`${command}: 78 without a credential for any realm`, async () => {
    assert.equal((await doorman(command, '-c', writeConfig(VALID))).exitCode, 78)
  })

  test(`${command}: 1 when Keycloak is not there`, async () => {
    const file = configWith('', { adminUrl: 'http://127.0.0.1:9' })
    assert.equal((await doorman(command, '-c', file)).exitCode, 1)
  })

  test(`${command}: 1 when the credential is not taken`, async () => {
    assert.equal((await doorman(command, '-c', configWith('', { clientId: 'nobody' }))).exitCode, 1)
  })

  test(`${command} writes nothing in the realm`, async () => {
    await doorman(command, '-c', configWith('clients: { job: {} }'))
    assert.deepEqual(
      api.requests.filter(({ method }) => method !== 'GET'),
      [],
    )
  })
}

test('what a credential cannot see is told, and not taken for missing', async () => {
  const { out } = await doorman('plan', '-c', configWith('', { clientId: 'blinkered' }))
  assert.match(out, /^ {6}realm roles \(needs view-realm\)$/m)
  assert.doesNotMatch(out, /realm role admin/)
})

test('drift tells what it could not see, too', async () => {
  const { out } = await doorman('drift', '-c', configWith('', { clientId: 'blinkered' }))
  assert.match(out, /^main: realm roles: not seen, needs view-realm$/m)
})

test('a plan is for no terminal unless there is one', async () => {
  assert.doesNotMatch((await doorman('plan', '-c', configWith('clients: { job: {} }'))).out, /\u001b/)
})

test('a plan that cannot be stored is an error', async () => {
  assert.equal((await doorman('plan', '-c', configWith(''), '--out', '/no/such/folder/plan.json')).exitCode, 1)
})

for (const args of [
  ['drift', '--listen', '127.0.0.1:9464'],
  ['drift', '--watch', '5m', '--listen', 'x'],
  ['init', '--client', 'x'],
  ['init', '--out', 'x'],
  ['init', '--from-realm', '--admin-url', 'http://127.0.0.1:9'],
  ['init', '--from-realm', '--issuer', 'https://sso.example.com/realms/main'],
]) {
  test(`${args.join(' ')} is not understood`, async () => {
    const { exitCode, out } = await doorman(...args)
    assert.deepEqual([exitCode, out], [1, ''])
  })
}

test('a watch outlives a Keycloak that is away, and a file that is wrong at its start ends it', async () => {
  const child = spawnCommand(['drift', '-c', configWith(''), '--watch', '1s', '--listen', '127.0.0.1:0'], ENV)
  const ended = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const [text] = await once(child.stderr, 'data')
  const address = /http:\S+/.exec(String(text))?.[0] ?? ''
  assert.match((await lines.next()).value ?? '', /^\d{4}-\S+Z main: .*client web: missing/)
  api.fail(1, 'unreached', 'onwards')
  assert.match((await lines.next()).value ?? '', /^\S+ main: not compared: ERR_ADMIN_UNREACHABLE/)
  assert.match(await (await fetch(address)).text(), /^doorman_drift_failures_total\{realm="main"\} [1-9]/m)
  assert.equal((await fetch(new URL('/', address))).status, 404)
  api.heal()
  assert.match((await lines.next()).value ?? '', /client web: missing/)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  const wrong = await run(['drift', '-c', configWith('clients: 1'), '--watch', '1s'], ENV)
  assert.equal(wrong.exitCode, 78)
})
