import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldPath, isFolded } from '../../src/kernel/paths.ts'

const ROWS = [
  ['/', '/'],
  ['/a', '/a'],
  ['/A', '/a'],
  ['/a/', '/a'],
  ['/%41%62', '/ab'],
  ['/a%20b', '/a b'],
  ['/%C3%89', '/é'],
  ['/%EF%BC%A1', '/a'],
  ['/%E2%84%AA', '/k'],
] as const

for (const [path, folded] of ROWS) {
  test(`${path} folds to ${folded}`, () => assert.equal(foldPath(path), folded))
  test(`${path} is ${path === folded ? '' : 'not '}folded already`, () => assert.equal(isFolded(path), path === folded))
}
