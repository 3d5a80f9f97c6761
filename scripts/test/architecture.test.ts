// docs/architecture.md says who may import whom as the layer check has it, and forgets no room.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ROOM_LAYERS } from '../layer-table.ts'

const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8')

interface Row {
  readonly names: readonly string[]
  readonly allowed: readonly string[]
}

function rowsBelow(heading: string): readonly Row[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\| (`[^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, names = '', allowed = '']) => ({
    names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name.replace(/\/$/, '')),
    allowed: allowed.match(/[a-z]+(?: \([^)]*\))?/g)?.map((name) => name.replace(/ .*/, '')) ?? [],
  }))
}

function entriesOf(name: string) {
  return readdirSync(new URL(`../../packages/${name}/src/`, import.meta.url), { withFileTypes: true })
}

const HOUSES = [
  ['gateway', rowsBelow('The gateway'), entriesOf('gateway')],
  ['provision', rowsBelow('Provisioning'), entriesOf('provision').filter((entry) => entry.isDirectory())],
] as const

for (const [house, rows, entries] of HOUSES) {
  test(`the page names every room of ${house}, and every file beside the rooms`, () => {
    const named = rows.flatMap(({ names }) => names)
    assert.deepEqual(named.toSorted(), entries.map(({ name }) => name).toSorted())
  })

  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    test(`the page says what ${name} of ${house} may import`, () => {
      const ours = ROOM_LAYERS[house]?.[name]?.filter((other) => !other.startsWith('@'))
      const told = ours?.map((other) => other.split('/')[0]?.replace(/\.ts$/, ''))
      assert.deepEqual(rows.find(({ names }) => names.includes(name))?.allowed, told)
    })
  }
}
