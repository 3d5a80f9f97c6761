import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { inspect } from 'node:util'
import { comparePlaces, deliver, deliverTo, placesOf } from '../../src/secrets/deliver.ts'
import type { DeliveryTools } from '../../src/secrets/delivery.ts'
import { buildSecretValues, type SecretValues } from '../../src/secrets/values.ts'
import { SHAPES } from '../../src/wanted/shapes.ts'
import type { WantedDelivery } from '../../src/wanted/wanted.ts'

const SECRET = 'cAnArY0123456789AbCdEfGhIjKlMnOpQrStUvWxYz'

function valuesWith(clientSecret: string): SecretValues {
  const issuer = 'https://sso.example.com/realms/main'
  return buildSecretValues({
    clientId: 'mlflow',
    clientSecret,
    issuer,
    internalUrl: 'http://keycloak:8080',
    redirectUris: ['https://mlflow.example.com/callback'],
  })
}

const values = valuesWith(SECRET)

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-deliver-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function toolsIn(folder: string): DeliveryTools {
  return {
    folder,
    owner: 'shop',
    openCluster: () => assert.fail('nothing is delivered to a cluster'),
    commandTimeoutSeconds: 20,
  }
}

const envFile: WantedDelivery = { kind: 'env-file', path: './mlflow.env', keys: SHAPES.mlflow }

/** What it came to, in the order of the deliveries: the outcome, or the reason of the failure. */
async function outcomes(deliveries: readonly WantedDelivery[], folder: string, given = values, work = deliverTo) {
  const results = await work(placesOf(deliveries, toolsIn(folder)), given)
  assert.ok(!inspect(results, { depth: 9 }).includes(SECRET))
  return results.map((result) => (result.kind === 'failed' ? result.error.detail.reason : result.outcome))
}

test('an .env file is readable by its owner alone, and holds the shape', async () => {
  const folder = newFolder()
  assert.deepEqual(await outcomes([envFile], folder), ['created'])
  const path = join(folder, 'mlflow.env')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const lines = readFileSync(path, 'utf8').split('\n')
  assert.ok(lines[0]?.startsWith('# Written by doorman (shop).'))
  assert.ok(lines.includes(`OIDC_CLIENT_SECRET=${SECRET}`))
  assert.ok(lines.includes("OIDC_SCOPE='openid email profile'"))
  assert.deepEqual(readdirSync(folder), ['mlflow.env'])
})

test('what is there already is not written again', async () => {
  const folder = newFolder()
  await outcomes([envFile], folder)
  const before = statSync(join(folder, 'mlflow.env'), { bigint: true })
  assert.deepEqual(await outcomes([envFile], folder, values, comparePlaces), ['unchanged'])
  assert.deepEqual(await outcomes([envFile], folder), ['unchanged'])
  const now = statSync(join(folder, 'mlflow.env'), { bigint: true })
  assert.deepEqual([now.ino, now.mtimeNs], [before.ino, before.mtimeNs])
})

test('a new secret replaces the file; comparing writes nothing', async () => {
  const folder = newFolder()
  await outcomes([envFile], folder)
  const next = valuesWith('next')
  assert.deepEqual(await outcomes([envFile], folder, next, comparePlaces), ['updated'])
  assert.ok(readFileSync(join(folder, 'mlflow.env'), 'utf8').includes(SECRET))
  assert.deepEqual(await outcomes([envFile], folder, next), ['updated'])
  assert.ok(!readFileSync(join(folder, 'mlflow.env'), 'utf8').includes(SECRET))
})

test('a file that others may read is made private again', async () => {
  const folder = newFolder()
  await outcomes([envFile], folder)
  chmodSync(join(folder, 'mlflow.env'), 0o644)
  assert.deepEqual(await outcomes([envFile], folder), ['updated'])
  assert.equal(statSync(join(folder, 'mlflow.env')).mode & 0o777, 0o600)
})

test("an application's own secret survives every delivery", async () => {
  const folder = newFolder()
  const phoenix: WantedDelivery = { kind: 'env-file', path: 'phoenix.env', keys: SHAPES.phoenix }
  await outcomes([phoenix], folder)
  const secretOf = () => /^PHOENIX_SECRET=(.+)$/m.exec(readFileSync(join(folder, 'phoenix.env'), 'utf8'))?.[1]
  const first = secretOf()
  assert.deepEqual(await outcomes([phoenix], folder), ['unchanged'])
  assert.deepEqual(await outcomes([phoenix], folder, valuesWith('next')), ['updated'])
  assert.equal(secretOf(), first)
})

suite('what is not ours is left alone', () => {
  const template: WantedDelivery = { kind: 'file', path: './mlflow.env', template: '{{clientSecret}}' }
  const rows: readonly (readonly [string, WantedDelivery, (path: string) => void, string])[] = [
    ['a file without our line', envFile, (path) => writeFileSync(path, 'A=b\n', { mode: 0o600 }), 'foreign'],
    ['a file of another owner', envFile, (path) => writeFileSync(path, '# Written by doorman (x).\n'), 'foreign'],
    [
      'a file that others may read',
      template,
      (path) => writeFileSync(path, 'realms: {}\n', { mode: 0o644 }),
      'foreign',
    ],
    ['a link', envFile, (path) => symlinkSync('/dev/null', path), 'kind'],
    ['a folder', template, (path) => mkdirSync(path), 'kind'],
  ]
  for (const [what, delivery, prepare, reason] of rows) {
    test(what, async () => {
      const folder = newFolder()
      prepare(join(folder, 'mlflow.env'))
      assert.deepEqual(await outcomes([delivery], folder), [reason])
      assert.deepEqual(await outcomes([delivery], folder, values, comparePlaces), [reason])
      assert.deepEqual(readdirSync(folder), ['mlflow.env'])
    })
  }
})

test('a file of any form is one template', async () => {
  const folder = newFolder()
  const template = 'spring:\n  id: {{clientId}}\n  secret: {{clientSecret}}\n'
  const file: WantedDelivery = { kind: 'file', path: 'application.yaml', template }
  assert.deepEqual(await outcomes([file], folder), ['created'])
  assert.equal(readFileSync(join(folder, 'application.yaml'), 'utf8'), `spring:\n  id: mlflow\n  secret: ${SECRET}\n`)
  assert.equal(statSync(join(folder, 'application.yaml')).mode & 0o777, 0o600)
  assert.deepEqual(await outcomes([file], folder), ['unchanged'])
})

test('one place that fails keeps no other from being delivered to', async () => {
  const folder = newFolder()
  const lost: WantedDelivery = { ...envFile, kind: 'env-file', path: 'no/such/folder/x.env' }
  assert.deepEqual(await outcomes([lost, envFile], folder), ['folder', 'created'])
})

function commandOf(script: string, keys = SHAPES.otel as Readonly<Record<string, string>>): WantedDelivery {
  return { kind: 'command', command: [process.execPath, '-e', script], keys }
}

test('a command takes the values on its standard input alone', async () => {
  const folder = newFolder()
  const save = `require('fs').writeFileSync('got', require('fs').readFileSync(0) + '|' + process.argv.join())`
  assert.deepEqual(await outcomes([commandOf(save)], folder, values, comparePlaces), ['ran'])
  assert.deepEqual(readdirSync(folder), [])
  assert.deepEqual(await outcomes([commandOf(save)], folder), ['ran'])
  const [input = '', args = ''] = readFileSync(join(folder, 'got'), 'utf8').split('|')
  assert.equal(
    input,
    `MLFLOW_CLIENT_ID=mlflow\nMLFLOW_CLIENT_SECRET=${SECRET}\nKEYCLOAK_TOKEN_URL=http://keycloak:8080/realms/main/protocol/openid-connect/token\n`,
  )
  assert.ok(!args.includes(SECRET))
})

test('a command gets the environment without what is ours in it', async (t) => {
  const folder = newFolder()
  t.after(() => delete process.env.DOORMAN_PROVISION_SECRET)
  process.env.DOORMAN_PROVISION_SECRET = SECRET
  const save = `require('fs').writeFileSync('env', JSON.stringify(process.env))`
  assert.deepEqual(await outcomes([commandOf(save)], folder), ['ran'])
  const env = JSON.parse(readFileSync(join(folder, 'env'), 'utf8'))
  assert.equal(env.PATH, process.env.PATH)
  assert.equal(env.DOORMAN_PROVISION_SECRET, undefined)
})

test('a value with a line break, which would add lines of its own, is delivered to no place', async () => {
  const folder = newFolder()
  const file: WantedDelivery = { kind: 'file', path: 'app.ini', template: 'secret = {{clientSecret}}\n' }
  const given = valuesWith('x\n[security]\nadmin_password = y')
  assert.deepEqual(await outcomes([file, envFile, commandOf('')], folder, given), ['value', 'value', 'value'])
  assert.deepEqual(readdirSync(folder), [])
})

suite('of a command that fails, its words are told unless they hold a secret', () => {
  const read = `const s = require('fs').readFileSync(0, 'utf8'); const secret = /SECRET=(.*)/.exec(s)[1];`
  const rows = {
    'harmless words': [`process.stderr.write('no such vault')`, 'no such vault'],
    'the secret itself': [`process.stderr.write(secret)`, '(withheld: it holds a secret)'],
    'a part of it': [`process.stderr.write('prefix ' + secret.slice(3, 14))`, '(withheld: it holds a secret)'],
    'all of the input in Base64, broken into lines': [
      `process.stderr.write(Buffer.from(s).toString('base64').replace(/(.{20})/g, '$1\\n'))`,
      '(withheld: it holds a secret)',
    ],
    'hexadecimal digits': [
      `process.stderr.write(Buffer.from(secret).toString('hex'))`,
      '(withheld: it holds a secret)',
    ],
    'what it says on its standard output': [`process.stdout.write(s)`, ''],
  }
  for (const [what, [script, told]] of Object.entries(rows)) {
    test(what, async () => {
      const [result] = await deliver(
        [commandOf(`${read} ${script}; process.exitCode = 3`)],
        values,
        toolsIn(newFolder()),
      )
      assert.equal(result?.kind, 'failed')
      assert.deepEqual(result.error.detail, { reason: 'exit', exitCode: 3, output: told })
      assert.ok(!inspect(result, { depth: 9 }).includes(SECRET.slice(3, 14)))
    })
  }
})

test('a command that is not there, or does not read, or does not end, is told apart', async () => {
  const folder = newFolder()
  const absent: WantedDelivery = { kind: 'command', command: ['no-such-command-of-doorman'], keys: SHAPES.otel }
  assert.deepEqual(await outcomes([absent, commandOf('process.exit(0)')], folder), ['system', 'ran'])
  const tools = { ...toolsIn(folder), commandTimeoutSeconds: 0.3 }
  const [result] = await deliver([commandOf('setInterval(() => {}, 1000)')], values, tools)
  assert.equal(result?.kind === 'failed' && result.error.detail.exitCode, null)
})

test('a value that could not be kept is refused where it cannot be kept', async () => {
  const file: WantedDelivery = { kind: 'file', path: 'x', template: '{{random}}' }
  const command = commandOf('', { KEY: '{{random}}' })
  assert.deepEqual(await outcomes([file, command], newFolder()), ['random', 'random'])
})
