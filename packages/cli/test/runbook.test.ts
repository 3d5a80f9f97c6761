// The commands of docs/runbook.md, run as they stand there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { type Outcome, run, temporaryFolder } from './support/command.ts'
import { CLIENT_ID, type RunningGateway, startGateway } from './support/running-gateway.ts'

const SECTIONS = new Map(
  readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8')
    .split(/^## /m)
    .map((section) => [section.split('\n')[0] ?? '', commandsOf(section)] as const)
    .filter(([, commands]) => commands.length > 0),
)
const tested = new Set<string>()

function commandsOf(section: string): readonly string[] {
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block.trim().split('\n'))
  return blocks.flat()
}

interface Situation {
  readonly gateway: RunningGateway
  readonly folder: string
  readonly env: Record<string, string>
  /** Runs the next command of the section; placeholders in capitals are replaced. */
  next(replaced?: Readonly<Record<string, string>>): Promise<Outcome>
}

const DONE: Outcome = { exitCode: 0, out: '', err: '' }

function runbookTest(section: string, body: (situation: Situation) => Promise<void>): void {
  const folder = temporaryFolder()
  test(`${section}: its commands do what it says`, async (t: TestContext) => {
    tested.add(section)
    const env = { CLIENT_SECRET: 'first-secret' }
    const gateway = await startGateway(folder, env)
    t.after(() => gateway.close())
    const commands = [...(SECTIONS.get(section) ?? [])]
    const next = async (replaced: Readonly<Record<string, string>> = {}) => {
      const command = commands.shift() ?? assert.fail('no command left')
      const words = command.split(' ').map((word) => replaced[word] ?? word)
      if (command === 'doorman start') {
        await gateway.start()
        return DONE
      }
      if (words[0] === 'doorman') return run([...words.slice(1), '-c', gateway.file], env)
      execFileSync(words[0] ?? '', words.slice(1), { cwd: folder })
      return DONE
    }
    await body({ gateway, folder, env, next })
    assert.deepEqual(commands, [], 'commands that no test runs')
  })
}

function assertDone({ exitCode, err }: Outcome): void {
  assert.equal(exitCode, 0, err)
}

runbookTest('A stolen cookie', async ({ gateway, next }) => {
  const [victim, other] = [await gateway.loggedIn('alice'), await gateway.loggedIn('alice')]
  const rows = (await next()).out.split('\n').slice(1)
  assert.equal(rows.length, 2)
  const statuses = async () => [await gateway.statusOf(victim), await gateway.statusOf(other)].toSorted()
  assertDone(await next({ HANDLE: rows[0]?.split(' ')[0] ?? '' }))
  while ((await statuses()).join() !== '200,401');
})

runbookTest('One person out, now', async ({ gateway, next }) => {
  const [alice, bob] = [await gateway.loggedIn('alice'), await gateway.loggedIn('bob')]
  assertDone(await next())
  await gateway.untilStatus(alice, 401)
  assert.equal(await gateway.statusOf(bob), 200)
})

runbookTest('Everybody out', async ({ gateway, next }) => {
  const people = [await gateway.loggedIn('alice'), await gateway.loggedIn('bob')]
  assertDone(await next())
  for (const person of people) await gateway.untilStatus(person, 401)
  assert.deepEqual(gateway.realm.sessions(), [])
})

runbookTest('A leaked client secret', async ({ gateway, env, next }) => {
  const alice = await gateway.loggedIn('alice')
  const client = gateway.realm.directory.findClient(CLIENT_ID) ?? assert.fail('no client')
  gateway.realm.directory.setClient({ ...client, secret: 'second-secret' })
  assert.equal((await alice.fetch(`${gateway.publicUrl}/auth/refresh`, { method: 'POST' })).status, 503)
  env.CLIENT_SECRET = 'second-secret'
  assertDone(await next())
  await gateway.stop()
  await gateway.start()
  const refreshed = () => alice.fetch(`${gateway.publicUrl}/auth/refresh`, { method: 'POST' })
  assert.equal((await refreshed()).status, 200)
})

runbookTest('A leaked signing key', async ({ gateway, next }) => {
  const published = async () => {
    const answer = await fetch(`${gateway.publicUrl}/.well-known/jwks.json`)
    return ((await answer.json()) as { readonly keys: readonly { readonly kid: string }[] }).keys.map(({ kid }) => kid)
  }
  const [leaked = ''] = await published()
  const listed = await next()
  assert.match(listed.out, new RegExp(`^${leaked} .* signing `, 'm'))
  assertDone(await next({ KID: leaked }))
  while ((await published()).includes(leaked));
  assert.equal((await published()).length, 1)
})

runbookTest('A lost key ring', async ({ gateway, folder, next }) => {
  const alice = await gateway.loggedIn('alice')
  await gateway.stop()
  rmSync(join(folder, '.doorman', 'keys'))
  await assert.rejects(gateway.start(), { code: 'ERR_CONFIG_INVALID' })
  assertDone(await next())
  assertDone(await next())
  assert.equal(await gateway.statusOf(alice), 401)
  await alice.logIn(`${gateway.publicUrl}/auth/login`, { username: 'alice', password: '' })
  assert.equal(await gateway.statusOf(alice), 200)
})

runbookTest('A realm restored from a backup', async ({ gateway, next }) => {
  const alice = await gateway.loggedIn('alice')
  gateway.realm.endSessionsOf('alice')
  assertDone(await next())
  await gateway.untilStatus(alice, 401)
})

after(() => {
  assert.deepEqual([...SECTIONS.keys()].toSorted(), [...tested].toSorted(), 'sections that no test runs')
})
