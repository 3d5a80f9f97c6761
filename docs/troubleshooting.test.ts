// docs/troubleshooting.md says where to look for each code, below the word that a caller sees.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERRORS } from '@doorman/gateway'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const [, browser = '', service = ''] = read('troubleshooting.md').split(
  /^## What (?:the browser sees|a service says)$/m,
)

/** Words in code of the first cell of each row. */
function firstCells(table: string): readonly string[] {
  const cells = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word))
}

test('each code has its row below its word, and each row its code', () => {
  const told = browser
    .split(/^### /m)
    .slice(1)
    .flatMap((section) => {
      const [word = ''] = section.split('\n')
      return firstCells(section).map((code) => `${word} ${code}`)
    })
  const codes = Object.entries(ERRORS).map(([code, { wire }]) => `${wire} ${code}`)
  assert.deepEqual(told.toSorted(), codes.toSorted())
})

test('each reason of the guard has its row, and each row its reason', () => {
  const [, union = ''] =
    /^export type BearerFault =\n(.*?)\n\n/ms.exec(read('../packages/resource-server/src/bearer-error.ts')) ?? []
  const faults = [...union.matchAll(/'([a-z-]+)'/g)].map(([, fault]) => fault)
  assert.ok(faults.length > 20)
  assert.deepEqual(firstCells(service.split(/^## /m)[0] ?? '').toSorted(), faults.toSorted())
})
