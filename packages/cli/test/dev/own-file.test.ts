// "doorman dev --config", as a process.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { type RunningExample, startExample } from '../../../../scripts/support/example-run.ts'
import { keepOutput } from '../../../../scripts/support/keep-output.ts'
import { close, listen } from '../../src/dev/ports.ts'
import { endOf, run, spawnCommand, temporaryFolder, writeConfig } from '../support/command.ts'

const FILE = `publicUrl: http://localhost:4000
realms:
  main:
    issuer: http://localhost:8080/realms/main
    clientId: web-gateway
    clientAuth: { secret: "\${MAIN_SECRET}" }
    scopes: [openid, profile, email, "organization:*"]
  granted:
    issuer: http://localhost:8081/realms/granted
    clientId: model-gateway
    clientAuth: { secret: "\${GRANTED_SECRET}" }
    obtain: { jwtGrant: { scope: [granted-realm] } }
  machines:
    issuer: http://localhost:8082/realms/machines
    clientId: machine-gateway
    clientAuth: { privateKey: "\${MACHINE_KEY}", algorithm: ES256 }
    obtain: clientCredentials
  second:
    issuer: http://localhost:8083/realms/second
    clientId: second-gateway
    clientAuth: { secret: "\${SECOND_SECRET}" }
    obtain: { login: { identityProvider: main } }
tenant: { claim: organization }
session: { store: memory }
services:
  echo: { url: "http://localhost:3000", credential: { exchange: { audience: guard, scope: [guard-audience] } }, auth: { secret: "\${ECHO_SECRET}" } }
  granted: { url: "http://localhost:3000", credential: { realm: granted } }
  machines: { url: "http://localhost:3000", credential: { realm: machines } }
  second: { url: "http://localhost:3000", credential: { realm: second } }
routes:
  - { path: /echo, service: echo, require: { tenant: true } }
  - { path: /editors, service: echo, require: { roles: [editor] } }
  - { path: /granted, service: granted, require: { login: true } }
  - { path: /machines, service: machines, require: { login: true } }
  - { path: /second, service: second, require: { login: true } }
provision:
  realms:
    main: { credential: { clientId: doorman-provisioner, clientAuth: { secret: "\${PROVISION_SECRET}" } } }
clients:
  guard: {}
`

/** Says what it was sent, what the realm says of that to the client guard, and which of its variables are set. */
const SERVICE = `
const { DOORMAN_URL, DOORMAN_CONFIG, DOORMAN_ISSUER_MAIN, DOORMAN_DEV_SECRET_GUARD, DOORMAN_PORT_ECHO } = process.env
require('node:http').createServer(async ({ headers }, response) => {
  const token = (headers.authorization ?? '').slice('Bearer '.length)
  const body = new URLSearchParams({ token, client_id: 'guard', client_secret: DOORMAN_DEV_SECRET_GUARD })
  const url = DOORMAN_ISSUER_MAIN + '/protocol/openid-connect/token/introspect'
  const { active } = await fetch(url, { method: 'POST', body }).then((answer) => answer.json())
  const { iss, aud, preferred_username: name } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
  const lengths = ['MAIN', 'GRANTED', 'ECHO'].map((name) => process.env[name + '_SECRET'].length)
  response.end(JSON.stringify({ iss, aud, name, active, lengths, url: DOORMAN_URL, file: DOORMAN_CONFIG }))
}).listen(DOORMAN_PORT_ECHO, '127.0.0.1')
`

let example: RunningExample

before(async () => {
  const folder = temporaryFolder()
  writeConfig(FILE, folder)
  writeFileSync(join(folder, 'service.cjs'), SERVICE)
  const start = 'doorman dev --config doorman.yaml -- node service.cjs'
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start } }))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  example = await startExample({ folder, env: { MACHINE_KEY: key }, startSeconds: 30 })
})
after(() => example?.close())

async function loggedIn(username: string): Promise<Browser> {
  const browser = createBrowser()
  await browser.logIn(`${example.publicUrl}/auth/login`, { username, password: '' })
  return browser
}

async function ask(browser: Browser, path: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await browser.fetch(example.publicUrl + path)
  assert.equal(answer.status, 200, `${path}: ${answer.body}`)
  return JSON.parse(answer.body)
}

const issuerOf = (name: string, port: number) => example.addressOf(`http://localhost:${port}/realms/${name}`)

test('people log in, and the service gets what its credential says, with secrets nobody has set', async () => {
  const { iss, aud, name, active, lengths, url, file } = await ask(await loggedIn('alice'), '/echo')
  assert.deepEqual([iss, aud, name], [issuerOf('main', 8080), 'guard', 'alice'])
  assert.deepEqual([active, lengths, url], [true, [43, 43, 43], example.publicUrl])
  assert.ok(readFileSync(String(file), 'utf8').includes(`publicUrl: ${example.publicUrl}`))
})

test('a second realm gives tokens by each way of the file', async () => {
  const browser = await loggedIn('bob')
  const granted = await ask(browser, '/granted')
  assert.deepEqual([granted.iss, granted.name], [issuerOf('granted', 8081), 'bob'])
  const machine = await ask(browser, '/machines')
  assert.deepEqual([machine.iss, machine.name], [issuerOf('machines', 8082), 'service-account-machine-gateway'])
  const answers = await browser.follow(`${example.publicUrl}/second`)
  const { iss, name } = JSON.parse(answers.at(-1)!.body)
  assert.deepEqual([iss, name], [issuerOf('second', 8083), 'bob'])
})

test('a role that nobody has is the one of carol', async () => {
  assert.equal((await (await loggedIn('alice')).fetch(`${example.publicUrl}/editors`)).status, 403)
  await ask(await loggedIn('carol'), '/editors')
})

test('a logout ends at the realm as well, and comes back', async () => {
  const browser = await loggedIn('alice')
  const { logout_url: url } = await ask(browser, '/auth/user')
  const answers = await browser.follow(example.publicUrl + url)
  assert.ok(answers.some(({ url }) => url.startsWith(`${issuerOf('main', 8080)}/protocol/openid-connect/logout`)))
  assert.ok(answers.some(({ url }) => url.startsWith(`${example.publicUrl}/auth/logged-out`)))
})

/** A file of one realm, on free ports. */
async function smallFile(changes: (text: string, echoPort: number) => string = (text) => text) {
  const servers = [createServer(), createServer(), createServer(), createServer()]
  const [port, realmPort, operatorPort, echoPort] = await Promise.all(servers.map((server) => listen(server, 0)))
  await Promise.all(servers.map(close))
  const text = `publicUrl: http://localhost:${port}
listen: 127.0.0.1:${port}
operator: { listen: 127.0.0.1:${operatorPort} }
realms:
  main:
    issuer: http://localhost:${realmPort}/realms/main
    clientId: web
    clientAuth: { secret: "\${SECRET}" }
session: { store: memory }
`
  return {
    publicUrl: `http://localhost:${port}`,
    realmPort: Number(realmPort),
    file: writeConfig(changes(text, Number(echoPort))),
  }
}

const isThere = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  )

test('the exit code of the command is the one of doorman dev, and nothing is left', async () => {
  const { file, publicUrl, realmPort } = await smallFile()
  const script = 'fetch(process.env.DOORMAN_URL).then(() => process.exit(7))'
  const outcome = await endOf(spawnCommand(['dev', '--config', file, '--', process.execPath, '-e', script]))
  assert.equal(outcome.exitCode, 7, outcome.err)
  assert.match(outcome.out, /log in as/)
  for (const url of [publicUrl, `http://localhost:${realmPort}`]) assert.equal(await isThere(url), false, url)
})

test('the command is told the port of a service whose address leaves it out', async () => {
  const services =
    'services:\n  plain: { url: "http://localhost", credential: none }\n  safe: { url: "https://localhost", credential: none }\n'
  const { file } = await smallFile((text) => text + services)
  const script = 'console.log(`ports ${process.env.DOORMAN_PORT_PLAIN} ${process.env.DOORMAN_PORT_SAFE}`)'
  const outcome = await endOf(spawnCommand(['dev', '--config', file, '--', process.execPath, '-e', script]))
  assert.match(outcome.out, /^ports 80 443$/m, outcome.err)
})

for (const [position, variable, words] of [
  ['every service takes connections', 'Number(process.env.DOORMAN_PORT_ECHO)', []],
  ['the application does, with --no-gateway', 'new URL(process.env.DOORMAN_URL).port', ['--no-gateway']],
] as const) {
  test(`it is said to be ready when ${position}`, async (t) => {
    const { file, publicUrl } = await smallFile((text, echoPort) =>
      words.length > 0 ? text : `${text}services:\n  echo: { url: "http://localhost:${echoPort}", credential: none }\n`,
    )
    const script = `const listen = () => require('node:http').createServer().listen(${variable}, '127.0.0.1')
process.stdin.once('data', listen); console.log('there')`
    const child = spawnCommand(['dev', '--config', file, ...words, '--', process.execPath, '-e', script])
    t.after(() => child.kill())
    const output = keepOutput(child)
    while (!output().includes('there')) await once(child.stdout, 'data')
    assert.doesNotMatch(output(), /^ +ready/m)
    child.stdin.write('\n')
    while (!output().includes(`ready          ${publicUrl}\n`)) await once(child.stdout, 'data')
    child.kill()
    await once(child, 'close')
  })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends the command as well`, async () => {
    const { file, publicUrl } = await smallFile()
    const script =
      "process.on('SIGTERM', () => { console.log('told'); process.exit(9) }); setInterval(() => {}, 1000); console.log('there')"
    const child = spawnCommand(['dev', '--config', file, '--', process.execPath, '-e', script])
    const ended = endOf(child)
    while (!String(await once(child.stdout, 'data')).includes('there'));
    child.kill(signal)
    const { exitCode, out } = await ended
    assert.deepEqual([exitCode, out.includes('told')], [0, true])
    assert.equal(await isThere(publicUrl), false)
  })
}

test('with --no-gateway there are the realms alone', async () => {
  const { file, publicUrl, realmPort } = await smallFile()
  const asks = [publicUrl, `http://localhost:${realmPort}/realms/main/.well-known/openid-configuration`]
  const script = `Promise.all(${JSON.stringify(asks)}.map((url) => fetch(url).then(({ status }) => status, () => 0))).then(console.log)`
  const args = ['dev', '--config', file, '--no-gateway', '--', process.execPath, '-e', script]
  const { exitCode, out } = await endOf(spawnCommand(args))
  assert.equal(exitCode, 0)
  assert.match(out, /\[ 0, 200 \]/)
})

test('a port that is taken is named, with the key that changes it', async () => {
  const taken = createServer()
  const port = await listen(taken, 0)
  const realm = await smallFile((text) => text.replace(/\d+\/realms/, `${port}/realms`))
  const gateway = await smallFile((text) => text.replace(/^listen: .*/m, `listen: 127.0.0.1:${port}`))
  for (const [{ file }, key] of [
    [realm, 'realms.main.issuer'],
    [gateway, 'listen'],
  ] as const) {
    const { exitCode, err } = await run(['dev', '--config', file])
    assert.equal(exitCode, 1)
    assert.ok(err.includes(String(port)) && err.includes(key), err)
  }
  await close(taken)
})

test('a command that is not there is told', async () => {
  const { file } = await smallFile()
  const { exitCode, err } = await run(['dev', '--config', file, '--', 'no-such-command-anywhere'])
  assert.equal(exitCode, 1)
  assert.match(err, /no-such-command-anywhere/)
})

const SECOND =
  'realms:\n  other: { issuer: "http://localhost:PORT/realms/other", clientId: web, clientAuth: { secret: x } }'

const REFUSED: Readonly<Record<string, { change: (text: string) => string; exitCode: number; told: RegExp }>> = {
  'two realms on one port': {
    change: (text) => text.replace('realms:', SECOND.replace('PORT', /(\d+)\/realms/.exec(text)![1]!)),
    exitCode: 1,
    told: /realms\.other\.issuer and realms\.main\.issuer/,
  },
  'a variable that is no secret': {
    change: (text) => text.replace('clientId: web', 'clientId: "${CLIENT_NAME}"'),
    exitCode: 78,
    told: /CLIENT_NAME is not set/,
  },
  'a key that nobody can make up': {
    change: (text) => `${text}keys: ["\${SEALING_KEY}"]\n`,
    exitCode: 78,
    told: /SEALING_KEY is not set/,
  },
}

for (const [what, { change, exitCode, told }] of Object.entries(REFUSED)) {
  test(`refuses ${what}`, async () => {
    const { file } = await smallFile(change)
    const outcome = await run(['dev', '--config', file])
    assert.equal(outcome.exitCode, exitCode)
    assert.match(outcome.err, told)
  })
}

test('does not start in production', async () => {
  const { file } = await smallFile()
  const { exitCode, err } = await run(['dev', '--config', file], { NODE_ENV: 'production' })
  assert.equal(exitCode, 1)
  assert.match(err, /NODE_ENV=production/)
})

for (const args of [
  ['--', 'node'],
  ['--no-gateway'],
  ['--config', 'doorman.yaml', '--walk'],
  ['--config', 'doorman.yaml', '--keycloak'],
  ['--config', 'doorman.yaml', '--port', '4000'],
]) {
  test(`does not mix the demo and a file of one's own: dev ${args.join(' ')}`, async () => {
    const { exitCode, err } = await run(['dev', ...args])
    assert.equal(exitCode, 1)
    assert.match(err, /--config/)
  })
}
