// Holds conformance/README.md to the tests: each row names a test that exists.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const ROOT = new URL('../', import.meta.url)
const ROW = /^\| (\d+) \| ([^|]+) \| `([^`]+)` \| (.+) \|$/

interface Row {
  readonly number: number
  readonly file: string
  readonly name: string
}

function readRows(): readonly Row[] {
  const lines = readFileSync(new URL('README.md', import.meta.url), 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, number, , file, name] = ROW.exec(line) ?? []
    return number === undefined || file === undefined || name === undefined
      ? []
      : [{ number: Number(number), file, name: name.replaceAll('\\|', '|') }]
  })
}

/** A name that is written down, or one that a template in the file can make. */
function hasTest(source: string, name: string): boolean {
  if (source.includes(name) || source.includes(name.replaceAll("'", "\\'"))) return true
  const templates = [...source.matchAll(/`((?:[^`\\]|\\.)*\$\{(?:[^`\\]|\\.)*)`/g)].map(([, template = '']) => template)
  return templates.some((template) => toPattern(template).test(name))
}

function toPattern(template: string): RegExp {
  const parts = template.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  // A template of holes alone would fit any name.
  return parts.some((part) => part.trim().length > 2) ? new RegExp(`^${parts.join('.+')}$`) : /(?!)/
}

const rows = readRows()

test('the table has rows', () => {
  assert.ok(rows.length > 100)
})

test('every row names a test that exists', () => {
  const sources = new Map<string, string>()
  const missing = rows.filter(({ file, name }) => {
    const place = new URL(file, ROOT)
    if (!existsSync(place)) return true
    const source = sources.get(file) ?? readFileSync(place, 'utf8')
    sources.set(file, source)
    return !hasTest(source, name)
  })
  assert.deepEqual(
    missing.map(({ number, file, name }) => `${number} ${file}: ${name}`),
    [],
  )
})

test('rows stand in the order of their numbers', () => {
  const numbers = rows.map(({ number }) => number)
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
})

test('a name that no test has is found', () => {
  assert.equal(hasTest("test('a session ends', () => {})", 'a session never ends'), false)
  assert.equal(hasTest('test(`sends ${line} home`, () => {})', 'sends //evil.example home'), true)
})
