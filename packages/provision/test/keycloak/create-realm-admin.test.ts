import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { inspect } from 'node:util'
import { isProvisionError, type ProvisionError } from '../../src/errors.ts'
import { createRealmAdmin, createTimedRealmAdmin } from '../../src/keycloak/create-realm-admin.ts'
import type { AdminCall, RealmAdmin, RealmAdminOptions } from '../../src/keycloak/realm-admin.ts'
import {
  type ScriptedAdmin,
  type ScriptedAnswer,
  startScriptedAdmin,
  TOKEN_CALL,
  tokenAnswer,
} from '../support/servers/scripted-admin.ts'

const CLIENTS = '/admin/realms/main/clients'
const SECRET = 'canary-Secret+1'

const servers: ScriptedAdmin[] = []
let server: ScriptedAdmin
let now: number
let pauses: number[]
let told: AdminCall[]

beforeEach(async () => {
  server = await startScriptedAdmin()
  servers.push(server)
  now = 1_000_000
  pauses = []
  told = []
})
after(() => Promise.all(servers.map((each) => each.close())))

function admin(parts: Partial<RealmAdminOptions> = {}): RealmAdmin {
  const options: RealmAdminOptions = {
    issuer: server.issuer,
    adminUrl: server.url,
    credential: { kind: 'secret', clientId: 'doorman-provisioner', secret: SECRET },
    concurrency: 4,
    timeoutSeconds: 5,
    onCall: (call) => told.push(call),
    ...parts,
  }
  return createTimedRealmAdmin(options, {
    pause: async (seconds) => void pauses.push(seconds),
    nowSeconds: () => now,
  })
}

const ok = (body: unknown): ScriptedAnswer => ({ status: 200, body })
const created = (id: string): ScriptedAnswer => ({ status: 201, headers: { location: `http://x${CLIENTS}/${id}` } })
const conflict: ScriptedAnswer = { status: 409, body: { errorMessage: 'Client mlflow already exists' } }

async function failure(work: Promise<unknown>): Promise<ProvisionError> {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  )
  assert.ok(isProvisionError(error), inspect(error))
  assert.equal(inspect(error, { depth: 9 }).includes(SECRET), false)
  return error
}

test('a read is made again after each kind of passing failure', async (t) => {
  const failures = {
    'a cut connection': 'cut',
    'a gateway that is not ready': { status: 502 },
    'a starting Keycloak': { status: 503, headers: { 'content-type': 'text/plain' } },
    'too many requests': { status: 429 },
  } as const
  for (const [name, fault] of Object.entries(failures)) {
    await t.test(name, async () => {
      server.script(`GET ${CLIENTS}`, fault, ok([]))
      const realm = admin()
      assert.deepEqual(await realm.clients.list(), [])
      assert.equal(realm.counts().repeated, 1)
    })
  }
})

test('a realm that stays away is given up after five attempts, with growing pauses', async () => {
  server.script(`GET ${CLIENTS}`, { status: 503 })
  const error = await failure(admin().clients.list())
  assert.equal(error.code, 'ERR_ADMIN_UNREACHABLE')
  assert.equal(error.detail.status, 503)
  assert.equal(server.of(`GET ${CLIENTS}`).length, 5)
  assert.deepEqual(
    pauses.map((seconds, index) => seconds >= 0.125 * 2 ** index && seconds <= 0.25 * 2 ** index),
    [true, true, true, true],
  )
})

test('a Retry-After is waited for, but never longer than five seconds', async () => {
  const busy = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds } })
  server.script(`GET ${CLIENTS}`, busy('2'), busy('3600'), busy('Fri, 31 Dec 1999 23:59:59 GMT'), ok([]))
  await admin().clients.list()
  assert.equal(pauses[0], 2)
  assert.equal(pauses[1], 5)
  assert.ok(pauses[2]! <= 1)
})

test('a call that is not answered in time is made once more, and then given up', async () => {
  server.script(`GET ${CLIENTS}`, 'hang')
  const error = await failure(admin({ timeoutSeconds: 0.1 }).clients.list())
  assert.equal(error.code, 'ERR_ADMIN_UNREACHABLE')
  assert.equal(error.detail.because, 'timeout')
  assert.equal(server.of(`GET ${CLIENTS}`).length, 2)
})

test('a port where nobody listens is told by the error of the connection', async () => {
  const gone = await startScriptedAdmin()
  await gone.close()
  const error = await failure(admin({ adminUrl: gone.url }).clients.list())
  assert.equal(error.code, 'ERR_ADMIN_UNREACHABLE')
  assert.equal(error.detail.code, 'ECONNREFUSED')
})

test('a creation whose answer was lost finds its own client by the mark it sent', async () => {
  server.script(`POST ${CLIENTS}`, 'cut', conflict)
  server.script(`GET ${CLIENTS}`, ok([{ id: 'id-1', clientId: 'mlflow', attributes: { 'doorman.owner': 'shop' } }]))
  const id = await admin().clients.create({ clientId: 'mlflow', attributes: { 'doorman.owner': 'shop' } })
  assert.equal(id, 'id-1')
  assert.equal(server.of(`GET ${CLIENTS}`)[0]!.query.get('clientId'), 'mlflow')
})

test('a creation whose answer was lost takes nothing of others for its own', async (t) => {
  const others = {
    'another owner': { 'doorman.owner': 'bank' },
    'no owner': {},
  }
  for (const [name, attributes] of Object.entries(others)) {
    await t.test(name, async () => {
      server.script(`POST ${CLIENTS}`, 'cut', conflict)
      server.script(`GET ${CLIENTS}`, ok([{ id: 'id-1', clientId: 'mlflow', attributes }]))
      const work = admin().clients.create({ clientId: 'mlflow', attributes: { 'doorman.owner': 'shop' } })
      const error = await failure(work)
      assert.equal(error.code, 'ERR_ADMIN_REFUSED')
      assert.equal(error.detail.status, 409)
    })
  }
})

test('a name that was taken before the first attempt is refused, whoever has it', async () => {
  server.script(`POST ${CLIENTS}`, conflict)
  server.script(`GET ${CLIENTS}`, ok([{ id: 'id-1', clientId: 'mlflow', attributes: { 'doorman.owner': 'shop' } }]))
  const error = await failure(admin().clients.create({ clientId: 'mlflow', attributes: { 'doorman.owner': 'shop' } }))
  assert.equal(error.code, 'ERR_ADMIN_REFUSED')
  assert.equal(error.detail.said, 'Client mlflow already exists')
  assert.equal(server.of(`GET ${CLIENTS}`).length, 0)
})

test('a mapper whose answer was lost is found when it is what was sent', async () => {
  const mapper = {
    name: 'audience',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': 'a' },
  }
  const path = `${CLIENTS}/id-1/protocol-mappers/models`
  server.script(`POST ${path}`, 'cut', conflict, 'cut', conflict)
  server.script(`GET ${path}`, ok([{ ...mapper, id: 'm-1', consentRequired: false }]))
  await admin().clients.addMapper('id-1', mapper)
  const other = { ...mapper, config: { 'included.custom.audience': 'b' } }
  const error = await failure(admin().clients.addMapper('id-1', other))
  assert.equal(error.code, 'ERR_ADMIN_REFUSED')
})

test('a deletion whose answer was lost is done when nothing is left', async () => {
  server.script(`DELETE ${CLIENTS}/id-1`, 'cut', { status: 404, body: { error: 'Could not find client' } })
  await admin().clients.delete('id-1')
  assert.equal(server.of(`DELETE ${CLIENTS}/id-1`).length, 2)
})

test('a deletion of what has never been there is refused', async () => {
  server.script(`DELETE ${CLIENTS}/id-1`, { status: 404, body: { error: 'Could not find client' } })
  const error = await failure(admin().clients.delete('id-1'))
  assert.equal(error.code, 'ERR_ADMIN_REFUSED')
  assert.equal(error.detail.status, 404)
})

test('a new secret is asked for once, however it fails', async () => {
  server.script(`POST ${CLIENTS}/id-1/client-secret`, 'cut', ok({ type: 'secret', value: 'second' }))
  const error = await failure(admin().clients.regenerateSecret('id-1'))
  assert.equal(error.code, 'ERR_ADMIN_UNREACHABLE')
  assert.equal(server.of(`POST ${CLIENTS}/id-1/client-secret`).length, 1)
})

test('a token that is not taken any more is renewed once, for a new secret too', async () => {
  server.script(TOKEN_CALL, tokenAnswer(server.issuer, 300, 'first'), tokenAnswer(server.issuer, 300, 'second'))
  server.script(`POST ${CLIENTS}/id-1/client-secret`, { status: 401 }, ok({ type: 'secret', value: 'new' }))
  assert.equal(await admin().clients.regenerateSecret('id-1'), 'new')
  const used = server
    .of(`POST ${CLIENTS}/id-1/client-secret`)
    .map(({ headers }) => headers.authorization?.split('.')[2])
  assert.deepEqual(used, ['first', 'second'])
})

test('a token that is refused twice is a matter of the credential', async () => {
  server.script(`GET ${CLIENTS}`, { status: 401, body: { error: 'HTTP 401 Unauthorized' } })
  const error = await failure(admin().clients.list())
  assert.equal(error.code, 'ERR_ADMIN_CREDENTIAL')
  assert.equal(server.of(`GET ${CLIENTS}`).length, 2)
})

test('many calls at once share one token', async () => {
  server.script(`GET ${CLIENTS}`, ok([]))
  const realm = admin()
  await Promise.all(Array.from({ length: 20 }, () => realm.clients.list()))
  assert.equal(server.of(TOKEN_CALL).length, 1)
})

test('a token is renewed ten seconds before its end, a short one at half its life', async (t) => {
  for (const { lifetime, keptFor } of [
    { lifetime: 60, keptFor: 50 },
    { lifetime: 6, keptFor: 3 },
  ]) {
    await t.test(`${lifetime} seconds`, async () => {
      server = await startScriptedAdmin()
      servers.push(server)
      server.script(TOKEN_CALL, tokenAnswer(server.issuer, lifetime))
      server.script(`GET ${CLIENTS}`, ok([]))
      const realm = admin()
      await realm.clients.list()
      now += keptFor - 0.1
      await realm.clients.list()
      assert.equal(server.of(TOKEN_CALL).length, 1)
      now += 0.1
      await realm.clients.list()
      assert.equal(server.of(TOKEN_CALL).length, 2)
    })
  }
})

test('a token of another issuer is never sent, and both issuers are named', async () => {
  server.script(TOKEN_CALL, tokenAnswer('http://keycloak:8080/realms/main'))
  const error = await failure(admin().clients.list())
  assert.equal(error.code, 'ERR_ADMIN_CREDENTIAL')
  assert.deepEqual(error.detail, {
    reason: 'issuer',
    expected: server.issuer,
    found: 'http://keycloak:8080/realms/main',
  })
  assert.equal(server.of(`GET ${CLIENTS}`).length, 0)
})

test('a refused credential is told with the name Keycloak gives it, and not tried again', async () => {
  const body = { error: 'unauthorized_client', error_description: 'Invalid client or Invalid client credentials' }
  server.script(TOKEN_CALL, { status: 401, body })
  const error = await failure(admin().clients.list())
  assert.equal(error.code, 'ERR_ADMIN_CREDENTIAL')
  assert.equal(error.detail.reason, 'unauthorized_client')
  assert.equal(server.of(TOKEN_CALL).length, 1)
})

test('a token endpoint that is not ready is asked again', async () => {
  server.script(TOKEN_CALL, { status: 503 }, 'cut', tokenAnswer(server.issuer))
  server.script(`GET ${CLIENTS}`, ok([]))
  await admin().clients.list()
  assert.equal(server.of(TOKEN_CALL).length, 3)
})

test('a realm that is not there is unknown', async () => {
  server.script(TOKEN_CALL, { status: 404, body: { error: 'Realm does not exist' } })
  assert.equal((await failure(admin().clients.list())).code, 'ERR_REALM_UNKNOWN')
})

test('an address where no Keycloak answers is not taken for one', async (t) => {
  await t.test('at the token endpoint', async () => {
    server.script(TOKEN_CALL, ok({ hello: 'world' }))
    assert.equal((await failure(admin().clients.list())).detail.reason, 'answer')
  })
  await t.test('at the admin interface', async () => {
    server.script(TOKEN_CALL, tokenAnswer(server.issuer))
    server.script(`GET ${CLIENTS}`, ok({ hello: 'world' }))
    assert.equal((await failure(admin().clients.list())).code, 'ERR_ADMIN_REFUSED')
  })
  await t.test('when it redirects', async () => {
    server.script(`POST ${CLIENTS}`, { status: 301, headers: { location: `${server.url}${CLIENTS}` } })
    const error = await failure(admin().clients.create({ clientId: 'mlflow' }))
    assert.equal(error.detail.status, 301)
  })
})

test('a missing role is named', async () => {
  const forbidden = { status: 403, body: { error: 'HTTP 403 Forbidden' } }
  server.script('GET /admin/realms/main/roles', forbidden)
  server.script(`POST ${CLIENTS}`, forbidden)
  const read = await failure(admin().roles.list())
  assert.equal(read.code, 'ERR_ADMIN_FORBIDDEN')
  assert.equal(read.detail.lacks, 'view-realm')
  assert.equal((await failure(admin().clients.create({ clientId: 'mlflow' }))).detail.lacks, 'manage-clients')
})

test('a refusal tells what Keycloak says and nothing of what was sent', async () => {
  const body = { errorMessage: 'Invalid\u0007 redirect', sent: SECRET }
  server.script(`POST ${CLIENTS}`, { status: 400, body })
  const error = await failure(admin().clients.create({ clientId: 'mlflow', secret: SECRET }))
  assert.equal(error.code, 'ERR_ADMIN_REFUSED')
  assert.equal(error.detail.said, 'Invalid  redirect')
})

test('what a proxy quotes of a request is not told', async () => {
  const secret = 'Zm9yYmlkZGVuLXRvLXRlbGw'
  server.script(`POST ${CLIENTS}`, { status: 400, body: { error: `bad request: secret=${secret} for mlflow` } })
  const error = await failure(admin().clients.create({ clientId: 'mlflow', secret }))
  assert.ok(!JSON.stringify([error.message, error.detail]).includes(secret))
  assert.match(String(error.detail.said), /^bad request: .* for mlflow$/)
})

test('stars and an empty text are never written as a secret', async (t) => {
  for (const secret of ['**********', '']) {
    await t.test(JSON.stringify(secret), async () => {
      const { clients } = admin()
      assert.equal((await failure(clients.create({ clientId: 'mlflow', secret }))).code, 'ERR_SECRET_MASKED')
      assert.equal((await failure(clients.update('id-1', { secret }))).code, 'ERR_SECRET_MASKED')
      assert.equal(server.calls.length, 0)
    })
  }
})

test('stars are not handed out as a secret', async () => {
  server.script(`GET ${CLIENTS}/id-1/client-secret`, ok({ type: 'secret', value: '**********' }))
  assert.equal((await failure(admin().clients.secret('id-1'))).code, 'ERR_SECRET_MASKED')
})

test('no more calls than allowed are on their way at the same time', async () => {
  server.script(`GET ${CLIENTS}`, 'hang')
  const realm = admin({ concurrency: 3, timeoutSeconds: 0.2 })
  const work = Promise.allSettled(Array.from({ length: 9 }, () => realm.clients.list()))
  while (server.of(`GET ${CLIENTS}`).length < 3) await new Promise(setImmediate)
  assert.equal(told.length, 3)
  await work
  assert.equal(told.length, 9)
})

test('calls are told by kind and by the names of what they are about', async () => {
  server.script(`GET ${CLIENTS}`, ok([{ id: 'id-1', clientId: 'mlflow' }]))
  server.script(`POST ${CLIENTS}`, created('id-2'))
  server.script(`POST ${CLIENTS}/id-1/roles`, created('reader'))
  const realm = admin()
  await realm.clients.list()
  await realm.clients.create({ clientId: 'phoenix', secret: SECRET })
  await realm.clients.createRole('id-1', 'reader')
  assert.deepEqual(told, [
    { kind: 'read', what: 'list clients' },
    { kind: 'write', what: 'create client phoenix' },
    { kind: 'write', what: 'create role reader of mlflow' },
  ])
  assert.deepEqual(realm.counts(), { reads: 1, writes: 2, repeated: 0 })
})

test('the secret is sent form-encoded in the header, never in an address or a form', async () => {
  server.script(`GET ${CLIENTS}`, ok([]))
  const credential = { kind: 'secret', clientId: 'a b', secret: 'p%:+ü' } as const
  await admin({ credential }).clients.list()
  const [request] = server.of(TOKEN_CALL)
  const basic = Buffer.from(request!.headers.authorization!.slice('Basic '.length), 'base64').toString()
  assert.equal(basic, 'a+b:p%25%3A%2B%C3%BC')
  assert.equal(request!.body, 'grant_type=client_credentials')
})

test('an issuer that is none of Keycloak is a mistake of the caller', () => {
  const options = { adminUrl: 'http://x', credential: { kind: 'secret', clientId: 'a', secret: 'b' } } as const
  const rest = { concurrency: 1, timeoutSeconds: 1, onCall: () => undefined }
  assert.throws(() => createRealmAdmin({ issuer: 'https://accounts.example.com', ...options, ...rest }), TypeError)
})

test('a token endpoint that quotes what it was sent is not told', async (t) => {
  const quotes = {
    'in its description': { error: 'invalid_client', error_description: `no client with ${SECRET} here` },
    'form-encoded': { error: 'invalid_client', error_description: `no client with ${encodeURIComponent(SECRET)}` },
    'as its error': { error: SECRET },
    'as a part of its error': { error: `bad ${SECRET}`, error_description: 'refused' },
  }
  for (const [where, body] of Object.entries(quotes)) {
    await t.test(where, async () => {
      server.script(TOKEN_CALL, { status: 401, body })
      const error = await failure(admin().clients.list())
      assert.equal(error.code, 'ERR_ADMIN_CREDENTIAL')
      assert.equal(inspect(error, { depth: 9 }).includes(encodeURIComponent(SECRET)), false)
    })
  }
})

test('the password of an administrator is not told, either', async () => {
  const credential = {
    kind: 'password',
    realm: 'main',
    clientId: 'admin-cli',
    username: 'a',
    password: SECRET,
  } as const
  server.script(TOKEN_CALL, { status: 401, body: { error: 'invalid_grant', error_description: `wrong: ${SECRET}` } })
  const error = await failure(admin({ credential }).clients.list())
  assert.equal(error.detail.reason, 'invalid_grant')
})

test('a token that no header can hold is refused, and not told', async () => {
  const { body } = tokenAnswer(server.issuer) as { readonly body: { readonly access_token: string } }
  server.script(TOKEN_CALL, ok({ ...body, access_token: `${body.access_token}\n${SECRET}` }))
  const error = await failure(admin().clients.list())
  assert.deepEqual([error.code, error.detail.reason], ['ERR_ADMIN_CREDENTIAL', 'answer'])
})

test('what a realm calls itself is told in a few printable letters', async () => {
  server.script(TOKEN_CALL, tokenAnswer(`\u001b[2Jhttps://evil.example/${'x'.repeat(10_000)}`))
  const error = await failure(admin().clients.list())
  assert.equal(error.detail.reason, 'issuer')
  assert.match(String(error.detail.found), /^[^\p{Cc}]{1,300}$/u)
  assert.ok(error.message.length < 1000)
})

test('a refusal of a million letters is told at once, and in a few', { timeout: 20_000 }, async () => {
  server.script(`GET ${CLIENTS}`, { status: 400, body: { errorMessage: 'a'.repeat(1_000_000) } })
  const error = await failure(admin().clients.list())
  assert.equal(error.code, 'ERR_ADMIN_REFUSED')
  assert.ok(error.message.length < 1000)
})
