import assert from 'node:assert/strict'
import { chmodSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DevRealm, startDevRealm } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { type Gateway, openGateway, parseConfig } from '@doorman/gateway'
import { run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const folder = temporaryFolder()
let realm: DevRealm
let gateway: Gateway
let file: string
let token: string
let publicUrl: string

before(async () => {
  chmodSync(folder, 0o700)
  const port = await findPort()
  publicUrl = `http://localhost:${port}`
  const client = {
    clientId: 'web',
    secret: 'x',
    redirectUris: [`${publicUrl}/auth/callback`],
    postLogoutRedirectUris: [],
  }
  realm = await startDevRealm({ clients: [client] })
  const text = `
publicUrl: ${publicUrl}
listen: 127.0.0.1:${port}
operator: { listen: 127.0.0.1:0, tokenFile: token }
session: { store: "sqlite:store/doorman.db" }
keys: ["\${file:store/keys}"]
realms:
  main: { issuer: "${realm.issuer}", clientId: web, clientAuth: { secret: x } }
`
  file = writeConfig(text, folder)
  token = join(folder, 'token')
  const reading = parseConfig(text, { file, env: {}, folder })
  assert(reading.kind === 'valid')
  gateway = await openGateway(reading.config, { logLevel: 'error', logDestination: openSync(join(folder, 'log'), 'a') })
})
after(async () => {
  await gateway.close()
  await realm.close()
})

function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

async function loggedIn(username: string): Promise<Browser> {
  const browser = createBrowser()
  await browser.logIn(`${publicUrl}/auth/login`, { username, password: '' })
  assert.equal(await statusOf(browser), 200)
  return browser
}

async function statusOf(browser: Browser): Promise<number> {
  return (await browser.fetch(`${publicUrl}/auth/user`)).status
}

/** The next event of a kind that the running gateway's store hears of is what ends the wait, not a clock. */
async function untilOut(browser: Browser): Promise<void> {
  while ((await statusOf(browser)) !== 401);
}

interface Listed {
  readonly sid: string
  readonly user_name: string
}

const PLACES = [
  ['the store beside a running gateway', () => ['-c', file]],
  ['a running gateway', () => ['--url', `http://127.0.0.1:${gateway.operatorAddress.port}`, '--token-file', token]],
] as const

for (const [place, options] of PLACES) {
  const sessions = (...args: readonly string[]) => run(['sessions', ...args, ...options()])
  const list = async (...args: readonly string[]): Promise<readonly Listed[]> => {
    const { exitCode, out, err } = await sessions('list', '--json', ...args)
    assert.deepEqual([exitCode, err], [0, ''])
    return JSON.parse(out).sessions
  }

  describe(`doorman sessions, asking ${place}`, () => {
    test('ends one person everywhere, at the realm too, and leaves the others', async () => {
      const [alice, bob] = [await loggedIn('alice'), await loggedIn('bob')]
      const names = (await list()).map(({ user_name }) => user_name)
      assert.deepEqual(names.toSorted(), ['alice', 'bob'])
      assert.deepEqual(await sessions('end', '--user', 'alice'), { exitCode: 0, out: '1 session has ended.', err: '' })
      await untilOut(alice)
      assert.equal(await statusOf(bob), 200)
      await realm.calls.reached('logout', 1)
      assert.deepEqual(
        realm.sessions().map(({ username }) => username),
        ['bob'],
      )
      assert.equal((await sessions('end', '--all')).exitCode, 0)
      await untilOut(bob)
      assert.deepEqual(await list(), [])
      await realm.calls.reached('logout', 2)
      realm.calls.clear()
    })

    test('shows a session, and never a token', async () => {
      await loggedIn('alice')
      const [session] = await list('--user', 'alice')
      const shown = await sessions('show', session?.sid ?? '')
      assert.equal(shown.exitCode, 0)
      assert.match(shown.out, /^user +alice$/m)
      const json = await sessions('show', session?.sid ?? '', '--json')
      assert.equal(JSON.parse(json.out).sid, session?.sid)
      assert.doesNotMatch(shown.out + json.out, /eyJ|refresh|token/i)
      assert.match((await sessions('list')).out, /^SESSION +REALM +USER/)
      assert.equal((await sessions('show', 'nobody')).exitCode, 1)
      await sessions('end', '--all')
      await realm.calls.reached('logout', 1)
      realm.calls.clear()
    })
  })
}

describe('doorman sessions exits 1', () => {
  for (const [what, args] of [
    ['for an end that says nobody', ['end']],
    ['for one that says two things', ['end', '--user', 'alice', '--all']],
    ['for a limit that is none', ['list', '--limit', '0']],
    ['for a token without a gateway', ['list', '--token-file', 'token']],
  ] as const) {
    test(what, async () => {
      assert.equal((await run(['sessions', ...args, '-c', file])).exitCode, 1)
    })
  }
  test('for sessions in memory', async () => {
    assert.equal((await run(['sessions', 'list', '-c', writeConfig(VALID)])).exitCode, 1)
  })
})
