// docs/secrets.md: its shapes, its placeholders and its clients are those of the code.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { clientsSection } from '../../src/wanted/schema-clients.ts'
import { PLACEHOLDERS, SHAPES } from '../../src/wanted/shapes.ts'
import { parseTemplate } from '../../src/wanted/template.ts'

const PAGE = readFileSync(new URL('../../../../docs/secrets.md', import.meta.url), 'utf8')

suite('the page tells the keys of each shape', () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    test(name, () => {
      const row = PAGE.split('\n').find((line) => line.startsWith(`| \`${name}\` | `)) ?? ''
      const told = [...row.split(' | ')[1]!.matchAll(/`([^`]+)`/g)].map(([, key]) => key)
      assert.deepEqual(told, Object.keys(shape))
    })
  }
})

test('the page tells every placeholder', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| `{{'))
  const told = rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name),
  )
  assert.deepEqual(told.toSorted(), [...PLACEHOLDERS].sort())
})

suite('the clients of the page can be planned', () => {
  const blocks = [...PAGE.matchAll(/^```yaml\n(clients:\n.*?)^```$/gms)].map(([, yaml = '']) => yaml)
  assert.ok(blocks.length > 3)
  for (const [index, yaml] of blocks.entries()) {
    test(`block ${index + 1}`, () => {
      const clients = clientsSection.parse(parse(yaml).clients)
      const templates = Object.values(clients).flatMap(({ deliver }) =>
        deliver.flatMap((delivery) => ('file' in delivery ? [delivery.template] : Object.values(delivery.keys ?? {}))),
      )
      for (const template of templates) assert.equal(parseTemplate(template).kind, 'valid', template)
    })
  }
})
