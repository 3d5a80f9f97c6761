// docs/architecture.md says who may import whom as the layer check has it, and forgets no room.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ROOM_LAYERS } from '../layer-table.ts'

const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8')
const entries = readdirSync(new URL('../../packages/gateway/src/', import.meta.url), { withFileTypes: true })
const rows = [...page.matchAll(/^\| (`[^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, names = '', allowed = '']) => ({
  names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name.replace(/\/$/, '')),
  allowed: allowed.match(/[a-z]+(?: \([^)]*\))?/g)?.map((name) => name.replace(/ .*/, '')) ?? [],
}))

test('the page names every room and every file beside the rooms', () => {
  const named = rows.flatMap(({ names }) => names)
  assert.deepEqual(named.toSorted(), entries.map(({ name }) => name).toSorted())
})

for (const { name } of entries.filter((entry) => entry.isDirectory())) {
  test(`the page says what ${name} may import`, () => {
    const ours = ROOM_LAYERS[name]?.filter((other) => !other.startsWith('@')).map((other) => other.split('/')[0])
    assert.deepEqual(rows.find(({ names }) => names.includes(name))?.allowed, ours)
  })
}
