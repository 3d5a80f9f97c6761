import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { configOf, HEAD, summaryOf, withAgent } from './support.ts'

const withSecret = (text: string) => HEAD.replace('s3cret', () => text)

function secretOf(text: string, env: Readonly<Record<string, string>>, folder = '/nowhere'): unknown {
  const auth = configOf(withSecret(text), { env, folder }).realms.main?.clientAuth
  return auth?.kind === 'secret' ? auth.secret : undefined
}

const FILLED: readonly (readonly [string, string, Record<string, string>, string])[] = [
  ['a variable', '"${A}"', { A: 'x' }, 'x'],
  ['variables among text', '"<${A}-${B}>"', { A: 'x', B: 'y' }, '<x-y>'],
  ['a default for a missing variable', '"${A:-d}"', {}, 'd'],
  ['a default for an empty variable', '"${A:-d}"', { A: '' }, 'd'],
  ['no default for a variable that is there', '"${A:-d}"', { A: 'x' }, 'x'],
  ['a default with a colon', '"${A:-http://x:1}"', {}, 'http://x:1'],
  ['what was filled in only once', '"${A}"', { A: '${B}', B: 'no' }, '${B}'],
  ['nothing in an escaped reference', '"$${A}"', { A: 'x' }, '${A}'],
  ['a value that would be other YAML', '"${A}"', { A: '{ a: 1 }\n# "' }, '{ a: 1 }\n# "'],
  ['a number that stays text', '"${A}"', { A: '123' }, '123'],
]

for (const [behaviour, text, env, expected] of FILLED) {
  test(`fills in ${behaviour}`, () => assert.equal(secretOf(text, env), expected))
}

test('fills in a file beside the configuration, without its last line break', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'secrets'))
  writeFileSync(join(folder, 'secrets', 'client'), ' s3cret\n\n')
  assert.equal(secretOf('"${file:secrets/client}"', {}, folder), ' s3cret\n')
  assert.equal(secretOf(`"\${file:${join(folder, 'secrets', 'client')}}"`, {}), ' s3cret\n')
})

test('a client secret that is one file, and nothing else, is known by its place', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'client'), 's3cret')
  const fileOf = (text: string, env = {}) => {
    const auth = configOf(withSecret(text), { env, folder }).realms.main?.clientAuth
    return auth?.kind === 'secret' ? auth.file : undefined
  }
  assert.equal(fileOf('"${file:client}"'), join(folder, 'client'))
  assert.equal(fileOf('"x${file:client}"'), null)
  assert.equal(fileOf('"${SECRET}"', { SECRET: '${file:client}' }), null)
})

const MISSING: readonly (readonly [string, string, Record<string, string>])[] = [
  ['a missing variable', '"${A}"', {}],
  ['a missing file', '"${file:/no/such/file}"', {}],
  ['a reference without an end', '"${A"', { A: 'x' }],
  ['a reference to nothing', '"${}"', {}],
  ['a reference of another kind', '"${vault:secret}"', {}],
]

for (const [behaviour, text, env] of MISSING) {
  test(`refuses ${behaviour} and names the key`, () => {
    assert.deepEqual(summaryOf(withSecret(text), { env }), ['6:27 interpolation realms.main.clientAuth.secret'])
  })
}

test('tells every missing variable of one value', () => {
  assert.equal(summaryOf(withSecret('"${A}${B}"')).length, 2)
})

test('of a missing variable nothing else is told, whatever form its value would have had', () => {
  const text = withAgent('credential: internal, auth: { secret: "${A}" }')
  assert.deepEqual(summaryOf(text), ['7:86 interpolation services.agent.auth.secret'])
})

test('an unknown key is told beside its missing variable', () => {
  assert.deepEqual(summaryOf(`${HEAD}nothing: "\${A}"\n`), ['9:1 unknown-key nothing', '9:10 interpolation nothing'])
})

test('keys are not filled in', () => {
  const text = HEAD.replace('reports:', '"${NAME}":')
  assert.deepEqual(summaryOf(text, { env: { NAME: 'reports' } }), ['8:3 name services.${NAME}'])
})

test('an anchor stands for its value wherever it is repeated', () => {
  const text = `${HEAD}routes:\n  - { path: /a, service: reports, require: &staff { roles: ["\${ROLE}"] } }\n  - { path: /b, service: reports, require: *staff }\n`
  const [first, second] = configOf(text, { env: { ROLE: 'staff' } }).routes
  assert.deepEqual(first?.require !== 'none' && first?.require.roles, ['staff'])
  assert.deepEqual(second?.require, first?.require)
})
