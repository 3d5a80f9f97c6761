// What is told where a key can be a word or one of several mappings.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem } from '../../src/config/problems.ts'
import { HEAD, problemsOf, withAgent, withModels } from './support.ts'

const credential = (yaml: string) => withAgent(`credential: ${yaml}`)
const AT = 'services.agent.credential'
const EVERY_FORM =
  'expected internal, accessToken, serviceAccount, none, or one of the mappings { internal: … }, ' +
  '{ exchange: { audience: … } }, { serviceAccount: … }, { realm: NAME }'
const EVERY_WAY = 'expected clientCredentials, jwtGrant, login, or one of the mappings { jwtGrant: … }, { login: … }'

const TOLD: readonly (readonly [string, string, readonly string[]])[] = [
  ['a misspelt word', credential('acessToken'), [`${AT}: ${EVERY_FORM}; did you mean accessToken?`]],
  ['a mapping written as a word', credential('exhange'), [`${AT}: ${EVERY_FORM}; did you mean { exchange: … }?`]],
  ['a word like no other', credential('bearer'), [`${AT}: ${EVERY_FORM}`]],
  ['a number', credential('5'), [`${AT}: ${EVERY_FORM}, found a number`]],
  ['an empty mapping', credential('{}'), [`${AT}: ${EVERY_FORM}, found a mapping`]],
  ['two forms at once', credential('{ internal: {}, realm: main }'), [`${AT}: ${EVERY_FORM}, found a mapping`]],
  [
    'a misspelt form',
    credential('{ exhange: { audience: a } }'),
    [`${AT}.exhange: unknown key; did you mean exchange?`],
  ],
  ['a form without its content', credential('{ exchange: }'), [`${AT}.exchange: expected a mapping, found nothing`]],
  [
    'a form that lacks a key',
    credential('{ exchange: {} }'),
    [`${AT}.exchange.audience: missing, expected an audience`],
  ],
  [
    'problems inside a form',
    credential('{ internal: { audiance: a, roles: 5, claims: all } }'),
    [
      `${AT}.internal.audiance: unknown key; did you mean audience?`,
      `${AT}.internal.roles: expected all, or a list of realm roles, found a number`,
      `${AT}.internal.claims: expected a list`,
    ],
  ],
  [
    'a misspelt list',
    credential('{ internal: { roles: al } }'),
    [`${AT}.internal.roles: expected all, or a list of realm roles; did you mean all?`],
  ],
  [
    'a misspelt way to obtain',
    withModels('obtain: jwtgrant'),
    [`realms.models.obtain: ${EVERY_WAY}; did you mean jwtGrant?`],
  ],
  [
    'a misspelt key of a way',
    withModels('obtain: { login: { idp: x } }'),
    ['realms.models.obtain.login.idp: unknown key'],
  ],
  [
    'a requirement that is a word',
    `${HEAD}routes: [{ path: /a, service: feed, require: login }]`,
    [
      'routes[0].require: expected none, or a mapping such as { login: true } or { roles: [admin] }; did you mean { login: … }?',
    ],
  ],
]

for (const [behaviour, text, messages] of TOLD) {
  test(`tells what was expected instead of ${behaviour}`, () => {
    assert.deepEqual(
      problemsOf(text).map((problem) => formatProblem(problem).replace(/^\S+ /, '')),
      messages,
    )
  })
}
