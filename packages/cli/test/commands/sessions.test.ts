import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'
import { type RunningGateway, startGateway } from '../support/running-gateway.ts'

const folder = temporaryFolder()
const env = { CLIENT_SECRET: 'x' }
let gateway: RunningGateway

before(async () => {
  gateway = await startGateway(folder, env)
})
after(() => gateway.close())

/** Resolves when the realm has answered so many. */
async function logouts(count: number): Promise<void> {
  const { calls } = gateway.realm
  await calls.reached('logout', count)
  await Promise.all(calls.list().map((call) => call.finished()))
}

interface Listed {
  readonly sid: string
  readonly user_name: string
}

const PLACES = [
  ['the store beside a running gateway', () => ['-c', gateway.file]],
  ['a running gateway', () => gateway.operator()],
] as const

for (const [place, options] of PLACES) {
  const sessions = (...args: readonly string[]) => run(['sessions', ...args, ...options()], env)
  const list = async (...args: readonly string[]): Promise<readonly Listed[]> => {
    const { exitCode, out, err } = await sessions('list', '--json', ...args)
    assert.deepEqual([exitCode, err], [0, ''])
    return JSON.parse(out).sessions
  }

  describe(`doorman sessions, asking ${place}`, () => {
    test('ends one person everywhere, at the realm too, and leaves the others', async () => {
      const [alice, bob] = [await gateway.loggedIn('alice'), await gateway.loggedIn('bob')]
      const names = (await list()).map(({ user_name }) => user_name)
      assert.deepEqual(names.toSorted(), ['alice', 'bob'])
      assert.deepEqual(await sessions('end', '--user', 'alice'), { exitCode: 0, out: '1 session has ended.', err: '' })
      await gateway.untilStatus(alice, 401)
      assert.equal(await gateway.statusOf(bob), 200)
      await logouts(1)
      assert.deepEqual(
        gateway.realm.sessions().map(({ username }) => username),
        ['bob'],
      )
      assert.equal((await sessions('end', '--all')).exitCode, 0)
      await gateway.untilStatus(bob, 401)
      assert.deepEqual(await list(), [])
      await logouts(2)
      gateway.realm.calls.clear()
    })

    test('shows a session, and never a token', async () => {
      await gateway.loggedIn('alice')
      const [session] = await list('--user', 'alice')
      const shown = await sessions('show', session?.sid ?? '')
      assert.equal(shown.exitCode, 0)
      assert.match(shown.out, /^user +alice$/m)
      const json = await sessions('show', session?.sid ?? '', '--json')
      assert.equal(JSON.parse(json.out).sid, session?.sid)
      assert.doesNotMatch(shown.out + json.out, /eyJ[\w-]+\.|refresh|token/i)
      assert.match((await sessions('list')).out, /^SESSION +REALM +USER/)
      assert.equal((await sessions('show', 'nobody')).exitCode, 1)
      await sessions('end', '--all')
      await logouts(1)
      gateway.realm.calls.clear()
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
      assert.equal((await run(['sessions', ...args, '-c', gateway.file], env)).exitCode, 1)
    })
  }
  test('for sessions in memory', async () => {
    assert.equal((await run(['sessions', 'list', '-c', writeConfig(VALID)])).exitCode, 1)
  })
})
