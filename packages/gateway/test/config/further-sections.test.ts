import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { GATEWAY_SECRETS } from '../../src/config/absence.ts'
import type { FurtherSections } from '../../src/config/further-sections.ts'
import { type ConfigPlace, parseConfig, type ReadOptions } from '../../src/config/load.ts'
import { HEAD, summaryOf, withAgent } from './support.ts'

const clients = z
  .record(
    z.string(),
    z.strictObject({
      preset: z.enum(['web', 'spa'], 'one of web, spa').optional(),
      secret: z.string().min(1, 'a secret').optional(),
    }),
  )
  .prefault({})

const SECTIONS: FurtherSections<{ readonly clients: typeof clients }> = {
  schemas: { clients },
  findContradictions: ({ clients: written }, realms) => {
    const names = Object.keys((written ?? {}) as object).filter((name) => realms.get('main')?.clientId === name)
    return names.map((name) => ({ kind: 'contradiction', path: ['clients', name], message: 'taken', suggestion: null }))
  },
}

const PLACE: ConfigPlace = { file: 'doorman.yaml', env: {}, folder: '/etc/doorman' }

function read(text: string, options: ReadOptions<{ readonly clients: typeof clients }>, env: ConfigPlace['env'] = {}) {
  return parseConfig(text, { ...PLACE, env }, options)
}

function problems(text: string, options: ReadOptions<{ readonly clients: typeof clients }>): readonly string[] {
  const reading = read(text, options)
  if (reading.kind === 'valid') return []
  return reading.problems.map(({ line, column, kind, key, suggestion }) => {
    return `${line}:${column} ${kind} ${key}${suggestion === null ? '' : ` (${suggestion})`}`
  })
}

test('sections of others are passed over unread, and what they refer to need not be there', () => {
  const text = `${HEAD}clients: { app: { nonsense: "\${NOT_SET}" } }\nprovision: [what, "\${EVER}"]\n`
  assert.deepEqual(summaryOf(text), [])
})

test('a misspelt section of others is found', () => {
  const reading = parseConfig(`${HEAD}client: {}\n`, PLACE)
  assert.equal(reading.kind === 'invalid' && reading.problems[0]?.suggestion, 'did you mean clients?')
})

test('a section of others is read with its places and suggestions', () => {
  const text = `${HEAD}clients:\n  app: { presett: web }\n  other: { preset: wep }\n`
  assert.deepEqual(problems(text, { sections: SECTIONS }), [
    '10:10 unknown-key clients.app.presett (did you mean preset?)',
    '11:20 value clients.other.preset (did you mean web?)',
  ])
})

test('contradictions of a section of others come beside other problems', () => {
  const text = `${HEAD}listen: nonsense\nclients:\n  web-gateway: {}\n`
  assert.deepEqual(problems(text, { sections: SECTIONS }), [
    '9:9 value listen',
    '11:16 contradiction clients.web-gateway',
  ])
})

test('the values of a section of others are given, its defaults filled in', () => {
  const reading = read(`${HEAD}clients: { app: { preset: web } }\n`, { sections: SECTIONS })
  assert.deepEqual(reading.kind === 'valid' && reading.sections, { clients: { app: { preset: 'web' } } })
  const none = read(HEAD, { sections: SECTIONS })
  assert.deepEqual(none.kind === 'valid' && none.sections, { clients: {} })
})

test('what a section refers to and may be absent is no problem, and the section is not given', () => {
  const text = `${HEAD}clients: { app: { secret: "\${NOT_SET}" } }\n`
  assert.deepEqual(problems(text, { sections: SECTIONS }), ['9:27 interpolation clients.app.secret'])
  const reading = read(text, { sections: SECTIONS, mayBeAbsent: [{ path: ['clients'] }] })
  assert.deepEqual(reading.kind === 'valid' && [reading.sections, reading.absent], [
    { clients: undefined },
    ['clients.app.secret'],
  ])
})

test('a reference that is wrong in itself is never forgiven', () => {
  const text = `${HEAD}clients: { app: { secret: "\${NOT SET}" } }\n`
  assert.deepEqual(problems(text, { sections: SECTIONS, mayBeAbsent: [{ path: ['clients'] }] }), [
    '9:27 interpolation clients.app.secret',
  ])
})

const PRIVATE_KEY = HEAD.replace('{ secret: s3cret }', '{ privateKey: "${file:none.pem}", algorithm: ES256 }')

const ABSENT: Readonly<Record<string, { readonly text: string; readonly key: string }>> = {
  "a realm's secret": { text: HEAD.replace('s3cret', '"${S}"'), key: 'realms.main.clientAuth.secret' },
  "a realm's private key": { text: PRIVATE_KEY, key: 'realms.main.clientAuth.privateKey' },
  "a service's secret": {
    text: withAgent('credential: internal, auth: { secret: "${S}" }'),
    key: 'services.agent.auth.secret',
  },
  "a service's key": {
    text: withAgent('credential: internal, auth: { publicKey: "${S}", algorithm: RS256 }'),
    key: 'services.agent.auth.publicKey',
  },
  'the address of the store': { text: `${HEAD}session: { store: "\${S}" }\nkeys: [k]\n`, key: 'session.store' },
  'the password of the store': {
    text: `${HEAD}session: { store: "postgres://u:\${S}@db/doorman" }\nkeys: [k]\n`,
    key: 'session.store',
  },
  'a sealing key': { text: `${HEAD}keys: ["\${S}"]\n`, key: 'keys[0]' },
}

for (const [name, { text, key }] of Object.entries(ABSENT)) {
  test(`${name} may be absent for those who make it, and for nobody else`, () => {
    assert.deepEqual(
      problems(text, {}).map((problem) => problem.split(' ').slice(1).join(' ')),
      [`interpolation ${key}`],
    )
    const reading = read(text, { mayBeAbsent: GATEWAY_SECRETS })
    assert.deepEqual(reading.kind === 'valid' && reading.absent, [key])
  })
}

test('a client that signs is not taken for one with a secret while its key is absent', () => {
  const reading = read(PRIVATE_KEY, { mayBeAbsent: GATEWAY_SECRETS })
  const auth = reading.kind === 'valid' ? reading.config.realms.main?.clientAuth : undefined
  assert.equal(auth?.kind === 'privateKey' && auth.algorithm, 'ES256')
})

test('what of an address is there is kept while its password is absent', () => {
  const text = `${HEAD}session: { store: "redis://:\${S}@cache:7000" }\nkeys: [k]\n`
  const reading = read(text, { mayBeAbsent: GATEWAY_SECRETS })
  const store = reading.kind === 'valid' ? reading.config.session.store : undefined
  assert.deepEqual(store?.kind === 'redis' && store.nodes, [{ host: 'cache', port: 7000 }])
})

test('files of several sealing keys may be absent for those who do not seal', () => {
  const text = `${HEAD}keys: ["\${file:a}", "\${file:b}"]\n`
  assert.equal(problems(text, {}).length, 2)
  assert.deepEqual(problems(text, { mayBeAbsent: GATEWAY_SECRETS }), [])
})

test('what is no secret must be there in any case', () => {
  const text = HEAD.replace('https://app.example.com', '"${URL}"')
  assert.deepEqual(problems(text, { mayBeAbsent: GATEWAY_SECRETS }), ['1:12 interpolation publicUrl'])
})

test('a secret that is there is kept beside one that is not', () => {
  const text = withAgent('credential: internal, auth: { secret: "${S}" }')
  const reading = read(text, { mayBeAbsent: GATEWAY_SECRETS })
  const auth = reading.kind === 'valid' ? reading.config.realms.main?.clientAuth : undefined
  assert.deepEqual(auth, { kind: 'secret', secret: 's3cret', file: null })
})

test('an alias of what may be absent counts where it may not be', () => {
  const text = `${HEAD}clients: { app: { secret: &s "\${S}" } }\nlisten: *s\n`
  assert.deepEqual(problems(text, { sections: SECTIONS, mayBeAbsent: [{ path: ['clients'] }] }), ['9:30 value listen'])
})
