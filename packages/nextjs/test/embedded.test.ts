// The gateway inside, as far as nobody has to be logged in for it.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createEmbedded } from '../src/embedded/embedded.ts'
import { shareGateway } from '../src/embedded/shared-gateway.ts'
import type { EmbeddedOptions } from '../src/options.ts'
import type { Position } from '../src/position.ts'

const ORIGIN = 'http://localhost:3000'
const FRONT_END = 'http://localhost:5999'

let folder: string
let options: EmbeddedOptions
let position: Position
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorman-embedded-'))
  options = {
    config: {
      publicUrl: ORIGIN,
      realms: {
        main: { issuer: 'http://127.0.0.1:1/realms/main', clientId: 'web', clientAuth: { secret: 'canary-secret' } },
      },
      session: { store: `sqlite:${folder}/doorman.db` },
      keys: ['0f'.repeat(32)],
      frontends: [{ origin: FRONT_END }],
      services: { agent: { url: 'http://127.0.0.1:1', credential: 'internal' } },
    },
  }
  position = createEmbedded(options)
})
after(async () => {
  await (await shareGateway(options)).close()
  await rm(folder, { recursive: true, force: true })
})

test('a service that is not configured is named in a TypeError, wherever it is asked for', async () => {
  const isNamed = (error: unknown) => error instanceof TypeError && error.message.includes('billing')
  await assert.rejects(position.callService(new Headers(), 'billing', '/', {}), isNamed)
  await assert.rejects(position.obtainToken(new Headers(), 'billing'), isNamed)
  const forward = position.createApi({ service: 'billing' })
  await assert.rejects(forward(new Request(`${ORIGIN}/api/x`), '/api'), isNamed)
})

for (const rewrite of ['v1/*', '/v1/*/x', 'https://evil.example/*']) {
  test(`a rewrite to ${rewrite} is a TypeError that names the service and the rule`, async () => {
    const forward = position.createApi({ service: 'agent', rewrite })
    const isNamed = (error: unknown) => error instanceof TypeError && /agent.*rewrite/s.test(error.message)
    await assert.rejects(forward(new Request(`${ORIGIN}/api/x`), '/api'), isNamed)
  })
}

test('nobody is told so, and a call that has been given up is none', async () => {
  const answer = await position.callService(new Headers(), 'agent', '/', {})
  assert.deepEqual([answer.status, (await answer.json()).login_url], [401, `${ORIGIN}/auth/login`])
  const reason = new Error('changed my mind')
  const ended = position.callService(new Headers(), 'agent', '/', { signal: AbortSignal.abort(reason) })
  await assert.rejects(ended, reason)
})

test('the preflight of a front end of another origin passes to no service, and its origin alone may ask', async () => {
  const forward = position.createApi({ service: 'agent' })
  for (const [origin, allowed] of [
    [FRONT_END, FRONT_END],
    ['https://evil.example', null],
  ] as const) {
    const headers = {
      origin,
      'access-control-request-method': 'PUT',
      'sec-fetch-site': 'same-site',
      host: 'localhost:3000',
    }
    const answer = await forward(new Request(`${ORIGIN}/api/x`, { method: 'OPTIONS', headers }), '/api')
    assert.equal(answer.headers.get('access-control-allow-origin'), allowed, String(answer.status))
  }
})

for (const config of [undefined, null, '', 7]) {
  test(`${config} is no configuration, and the error names the option`, async () => {
    const wrong = createEmbedded({ config } as unknown as EmbeddedOptions)
    const isNamed = (error: unknown) => error instanceof TypeError && error.message.includes(': config must')
    await assert.rejects(wrong.publicUrl(), isNamed)
  })
}

test('a file that is not there is named with the folder it was looked for in', async () => {
  const isNamed = (error: unknown) =>
    error instanceof TypeError && error.message.startsWith(join(process.cwd(), 'gone.yaml'))
  await assert.rejects(createEmbedded({ config: './gone.yaml' }).publicUrl(), isNamed)
})

test('what is wrong with the file comes all at once, without its values', async () => {
  const config = { publicUrl: 'canary', realms: {}, serivces: {} }
  const isNamed = (error: unknown) =>
    error instanceof TypeError &&
    ['publicUrl', 'realms', 'serivces'].every((name) => error.message.includes(name)) &&
    !error.message.includes('canary')
  await assert.rejects(createEmbedded({ config }).publicUrl(), isNamed)
})
