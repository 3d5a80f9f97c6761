import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseStore } from '../../src/config/store-address.ts'
import { configOf, HEAD, problemsOf } from './support.ts'

const REDIS = {
  kind: 'redis',
  topology: 'single',
  master: null,
  isTls: false,
  user: null,
  password: null,
  database: 0,
} as const
const POSTGRES = { kind: 'postgres', port: 5432, user: 'doorman', password: null, database: 'sessions' } as const

const UNDERSTOOD: readonly (readonly [string, unknown])[] = [
  ['memory', { kind: 'memory' }],
  ['sqlite:.doorman/doorman.db', { kind: 'sqlite', path: '.doorman/doorman.db' }],
  ['redis://cache', { ...REDIS, nodes: [{ host: 'cache', port: 6379 }] }],
  [
    'rediss://app:p%40ss:word@cache.example.com:6380/3',
    {
      ...REDIS,
      isTls: true,
      user: 'app',
      password: 'p@ss:word',
      database: 3,
      nodes: [{ host: 'cache.example.com', port: 6380 }],
    },
  ],
  ['redis://:secret@[::1]:7000', { ...REDIS, password: 'secret', nodes: [{ host: '::1', port: 7000 }] }],
  [
    'rediss+cluster://:secret@a,b:7001',
    {
      ...REDIS,
      topology: 'cluster',
      isTls: true,
      password: 'secret',
      nodes: [
        { host: 'a', port: 6379 },
        { host: 'b', port: 7001 },
      ],
    },
  ],
  [
    'redis+sentinel://a,b:26380/mymaster/2',
    {
      ...REDIS,
      topology: 'sentinel',
      master: 'mymaster',
      database: 2,
      nodes: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
      ],
    },
  ],
  ['postgres://doorman@db.example.com/sessions', { ...POSTGRES, host: 'db.example.com', isTls: true }],
  ['postgres://doorman@db.example.com/sessions?sslmode=disable', { ...POSTGRES, host: 'db.example.com', isTls: false }],
  ['postgresql://doorman@127.0.0.1/sessions', { ...POSTGRES, host: '127.0.0.1', isTls: false }],
  ['postgres://doorman@[::1]/sessions?sslmode=verify-full', { ...POSTGRES, host: '::1', isTls: true }],
]

const REFUSED = [
  '',
  'sqlite:',
  'redis:cache',
  'redis://',
  'redis://cache/x',
  'redis://a,b',
  'redis://cache:0',
  'redis://cache:70000',
  'redis://cache?tls=true',
  'redis+cluster://a,b/1',
  'redis+cluster://a,,b',
  'redis+sentinel://a,b',
  'redis+sentinel:///mymaster',
  'redis+pool://a',
  'postgres://db/sessions',
  'postgres://doorman@db',
  'postgres://doorman@db/a/b',
  'postgres://doorman@db/sessions?sslmode=prefer',
  'postgres://doorman@db/sessions?ssl=true',
  'mysql://doorman@db/sessions',
]

describe('the address of a store', () => {
  for (const [address, expected] of UNDERSTOOD) {
    test(`understands ${address}`, () => {
      assert.deepEqual(parseStore(address), expected)
    })
  }
  for (const address of REFUSED) {
    test(`refuses '${address}'`, () => {
      assert.equal(parseStore(address), undefined)
    })
  }
})

function told(yaml: string): readonly string[] {
  return problemsOf(yaml).map(({ kind, key }) => `${kind} ${key}`)
}

const KEYS = 'keys: ["${file:keys}"]\n'

test('a store for many machines wants a ring that all of them share', () => {
  assert.deepEqual(told(`${HEAD}session: { store: "redis://cache" }\n`), ['contradiction keys'])
  assert.equal(configOf(`${HEAD}session: { store: "redis://cache" }\n${KEYS}`).session.store.kind, 'redis')
})

test('a shared limit wants a store that counts', () => {
  const limits = `limit: { rate: 5/s, shared: true }
routes: [{ path: /a, service: feed, require: none, limit: { rate: 5/s, shared: true } }]
`
  assert.deepEqual(told(HEAD + limits), ['contradiction limit.shared', 'contradiction routes[0].limit.shared'])
  const config = configOf(`${HEAD}session: { store: "postgres://u@db/d" }\n${KEYS}${limits}`)
  assert.equal(config.limit?.isShared, true)
})
