import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from './table.ts'
import { createCounter, findFailures } from './tally.ts'

test('a run of healed sessions and 503s is good', () => {
  const counter = createCounter()
  counter.round('none')
  counter.healed('answer', 50)
  counter.healed('stopped', 50)
  counter.healed('write', 50)
  counter.healed('record', 50)
  counter.healed('unwritten', 50)
  counter.answered(5000, true)
  counter.spent('refused')
  counter.brokenOff()
  counter.hitTwice()
  assert.deepEqual(findFailures(counter.read(1)), [])
})

const FAILURES: ReadonlyArray<readonly [name: string, count: (counter: ReturnType<typeof createCounter>) => void]> = [
  ['a lost session', (counter) => counter.lost()],
  ['healing that nothing explains', (counter) => counter.healed(null, 1)],
  ["another person's data", (counter) => counter.wrong('another person')],
  ['an expired token', (counter) => counter.wrong('expired token')],
  ['an unexpected status', (counter) => counter.wrong('unexpected status')],
  ['a 401 without a reason', (counter) => counter.wrong('unfounded 401')],
  ['no answer', (counter) => counter.wrong('no answer')],
  ['a process that ended by itself', (counter) => counter.crashed()],
]

for (const [name, count] of FAILURES) {
  test(`${name} is a failure`, () => {
    const counter = createCounter()
    count(counter)
    assert.equal(findFailures(counter.read(1)).length, 1)
  })
}

test('the table has a column for each store and a row for each fault that came', () => {
  const [first, second] = [createCounter(), createCounter()]
  first.round('502')
  first.round('502')
  second.strike('failover')
  const table = formatTable([
    { store: 'sqlite', tally: first.read(3) },
    { store: 'redis', tally: second.read(4) },
  ])
  assert.match(table, /^\| +\| +sqlite \| +redis \|$/m)
  assert.match(table, /^\| 502 +\| +2 \| +0 \|$/m)
  assert.match(table, /^\| failover +\| +0 \| +1 \|$/m)
})
