import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOf, HEAD, kindsOf, problemsOf, warningsOf, withModels, withRoutes } from './support.ts'

const endpoints = (fields: string, head = HEAD) => `${head}endpoints: { ${fields} }\n`
const aliases = (fields: string, head = HEAD) => endpoints(`aliases: { ${fields} }`, head)
const GIVEN = withModels('obtain: jwtGrant, dangerouslyGiveToBrowser: true')

test('aliases say what answers at further paths, and what return_to is called there', () => {
  const { aliases: read } = configOf(
    aliases('/user-info: user, /in: { login: { returnTo: next } }, /models: { token: models }', GIVEN),
  )
  assert.deepEqual(read, [
    { path: '/user-info', target: { kind: 'endpoint', endpoint: 'user', returnTo: null } },
    { path: '/in', target: { kind: 'endpoint', endpoint: 'login', returnTo: 'next' } },
    { path: '/models', target: { kind: 'token', realm: 'models' } },
  ])
})

test('without them nothing answers elsewhere, nothing changes by GET and no address gets a sid', () => {
  const { aliases: read, alsoGet, login } = configOf(HEAD)
  assert.deepEqual([read, alsoGet, login.appendSid], [[], [], false])
})

const at = (path: string, rest = '') => `contradiction endpoints.aliases.${path}${rest}`
const route = (path: string) => withRoutes(HEAD, `path: "${path}", service: feed, require: none`)

const PROBLEMS: readonly (readonly [string, string, string])[] = [
  ['an alias in the place of an endpoint', aliases('/auth/user: user'), at('/auth/user')],
  ['an alias in the place of a moved endpoint', endpoints('user: /me, aliases: { /me: user }'), at('/me')],
  ['an alias among the callbacks of realms', aliases('/auth/callback/me: user'), at('/auth/callback/me')],
  ['an alias for a realm that there is not', aliases('/t: { token: none }'), at('/t', '.token')],
  [
    'an alias for a token no page gets',
    aliases('/t: { token: models }', withModels('obtain: jwtGrant')),
    at('/t', '.token'),
  ],
  ['another name that means something', aliases('/in: { login: { returnTo: prompt } }'), at('/in', '.login.returnTo')],
  ['another name that is ignored', aliases('/out: { logout: { returnTo: sid } }'), at('/out', '.logout.returnTo')],
  ['a route at an alias', aliases('/user-info: user', route('/user-info')), 'contradiction routes[0].path'],
  [
    'a route that begins at an alias',
    aliases('/user-info: user', route('/user-info/*')),
    'contradiction routes[0].path',
  ],
  ['an alias that is no path', aliases('user-info: user'), 'name endpoints.aliases.user-info'],
  ['an alias that owns what is below it', aliases('"/me/*": user'), 'name endpoints.aliases./me/*'],
  ['an alias that is not canonical', aliases('/a/../me: user'), 'name endpoints.aliases./a/../me'],
  ['an alias of the callback', aliases('/cb: callback'), 'value endpoints.aliases./cb'],
  ['a GET of what never takes one', endpoints('alsoGet: [sessions]'), 'value endpoints.alsoGet[0]'],
]

for (const [name, text, expected] of PROBLEMS) {
  test(`${name} is found, and says so once`, () => {
    assert.deepEqual(kindsOf(text), [expected])
  })
}

test('a remedy says what to write', () => {
  const text = aliases('/t: { token: models }', withModels('obtain: jwtGrant'))
  assert.match(problemsOf(text)[0]?.suggestion ?? '', /realms\.models\.dangerouslyGiveToBrowser: true/)
  assert.match(problemsOf(aliases('/t: { token: modals }', GIVEN))[0]?.suggestion ?? '', /models/)
})

test('a route for everything may stand beside an alias', () => {
  assert.equal(configOf(aliases('/api/me: user', route('/api/*'))).routes.length, 1)
})

test('a GET that changes something is doubtful', () => {
  assert.deepEqual(warningsOf(endpoints('alsoGet: [logout, refresh]')), ['9:23 endpoints.alsoGet'])
})
