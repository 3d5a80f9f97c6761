import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FILE_SCHEMA, GENERATED_FILES } from '../../../../scripts/generated-files.ts'
import type { JsonSchema } from '../../src/config/json-schema.ts'

for (const { file, build } of GENERATED_FILES) {
  test(`${file.pathname.split('/').at(-1)} is as the schema says (npm run docs:generate)`, () => {
    assert.equal(readFileSync(file, 'utf8'), build())
  })
}

test('every key has a description', () => {
  assert.deepEqual(undescribed('', FILE_SCHEMA), [])
})

function undescribed(key: string, schema: JsonSchema): readonly string[] {
  const { additionalProperties, anyOf = [], items, properties = {} } = schema
  const named = typeof additionalProperties === 'object' ? [additionalProperties] : []
  const inner = [...anyOf, ...named, ...(items === undefined ? [] : [items])]
  return [
    ...Object.entries(properties).flatMap(([name, value]) => [
      ...(value.description === undefined ? [`${key}.${name}`] : []),
      ...undescribed(`${key}.${name}`, value),
    ]),
    ...inner.flatMap((each) => undescribed(key, each)),
  ]
}
