// What stands between a consumer and a real Keycloak, and answers or swallows in its place.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { examineAll, openWard, type Patient, plainRealm, type Ward, wrongOf } from '../support/patient.ts'

interface StrangeAnswer {
  readonly status: number
  readonly body?: Readonly<Record<string, unknown>>
  readonly location?: string
}

/** By what is asked; undefined: Keycloak answers. */
type Answering = (path: string, form: URLSearchParams) => StrangeAnswer | undefined

let ward: Ward
let patient: Patient

before(async () => {
  ward = await openWard('http://127.0.0.1:9/')
})
beforeEach(async () => {
  patient = await ward.admit()
})
after(() => ward.close())

/** A proxy before Keycloak, as the address of the realm. */
async function openProxy(t: TestContext, answering: Answering): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', url = '' } = incoming
    const sent = await buffer(incoming)
    const strange = answering(new URL(url, 'http://localhost').pathname, new URLSearchParams(sent.toString()))
    if (strange !== undefined) {
      const { status, body = {}, location } = strange
      outgoing.writeHead(status, {
        'content-type': 'application/json',
        ...(location === undefined ? {} : { location }),
      })
      outgoing.end(JSON.stringify(body))
      return
    }
    const headers = Object.fromEntries(
      ['authorization', 'content-type', 'accept'].flatMap((name) => {
        const value = incoming.headers[name]
        return typeof value === 'string' ? [[name, value]] : []
      }),
    )
    const body = method === 'GET' ? {} : { body: sent }
    const answer = await fetch(new URL(url, ward.realm.url), { method, headers, redirect: 'manual', ...body })
    const [type, location] = ['content-type', 'location'].map((name) => answer.headers.get(name))
    outgoing.writeHead(answer.status, { ...(type ? { 'content-type': type } : {}), ...(location ? { location } : {}) })
    outgoing.end(Buffer.from(await answer.arrayBuffer()))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${new URL(ward.realm.issuer).pathname}`
}

async function faultOf(t: TestContext, check: string, answering: Answering): Promise<string> {
  const address = await openProxy(t, answering)
  return wrongOf(await patient.examine({ realm: { address } }), check).fault
}

test('a token endpoint that something else answers is told from a refusal', async (t) => {
  const answering: Answering = (path) => (path.endsWith('/token') ? { status: 502 } : undefined)
  assert.equal(await faultOf(t, 'client', answering), 'token-endpoint')
})

test('a refusal of a token that has no remedy of its own is told by its word', async (t) => {
  const answering: Answering = (_path, form) =>
    form.get('grant_type') === 'client_credentials' ? { status: 400, body: { error: 'invalid_target' } } : undefined
  assert.equal(await faultOf(t, 'service account', answering), 'token-refused')
})

for (const [name, strange] of [
  ['a page', { status: 503 }],
  ['an error of its own', { status: 302, location: 'https://patient.example.com/callback?error=server_error' }],
] as const) {
  test(`a login that is answered with ${name} is no login`, async (t) => {
    const answering: Answering = (path) => (path.endsWith('/auth') ? strange : undefined)
    assert.equal(await faultOf(t, 'redirect URI', answering), 'login-refused')
  })
}

test('a token that is inactive the moment it was given is told', async (t) => {
  const answering: Answering = (path) =>
    path.endsWith('/introspect') ? { status: 200, body: { active: false } } : undefined
  assert.equal(await faultOf(t, 'audience', answering), 'token-inactive')
})

test('an exchange that is refused for another reason than those known is told by its word', async (t) => {
  const answering: Answering = (_path, form) =>
    form.get('grant_type')?.endsWith(':token-exchange') === true
      ? { status: 403, body: { error: 'access_denied' } }
      : undefined
  assert.equal(await faultOf(t, 'token exchange', answering), 'exchange-refused')
})

const SWALLOWING = `
const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  console.log(server.address().port)
})`

test('a host that drops packets is told from one that refuses connections', async (t) => {
  const child = spawn(process.execPath, ['-e', SWALLOWING], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [printed] = await once(child.stdout, 'data')
  const port = Number(String(printed))
  child.kill('SIGSTOP')
  // Nobody takes these: the queue of the port is full, and the next ones are dropped.
  const waiting = Array.from({ length: 4 }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined))
  t.after(() => {
    for (const socket of waiting) socket.destroy()
  })
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, 'connect')))
  const realm = {
    ...plainRealm(ward.realm.issuer),
    address: `http://127.0.0.1:${port}/realms/main`,
    timeoutSeconds: 0.5,
  }
  assert.equal(wrongOf(await examineAll([realm], []), 'connection').fault, 'connection-silent')
})

test('an address that this machine has no way to is told by the name of the error', async () => {
  // The broadcast address: refused here, before anything is sent.
  const realm = { ...plainRealm(ward.realm.issuer), address: 'http://255.255.255.255/realms/main' }
  const { fault, evidence } = wrongOf(await examineAll([realm], []), 'connection')
  assert.equal(fault, 'connection-failed')
  assert.notEqual(evidence.code, 'ECONNREFUSED')
})
