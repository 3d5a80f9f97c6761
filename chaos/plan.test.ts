import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPlan, type PlanGround, RISKY_FAULTS } from './plan.ts'

const NETWORK: PlanGround = { storeFaults: ['failover', 'outage'], hasOwnClock: true }
const FILE: PlanGround = { storeFaults: ['lock'], hasOwnClock: false }
const numbers = Array.from({ length: 3000 }, (_, index) => index)

test('the same seed plans the same rounds and strikes', () => {
  const [first, second] = [createPlan(5, NETWORK), createPlan(5, NETWORK)]
  assert.deepEqual(numbers.map(first.round), numbers.map(second.round))
  assert.deepEqual(numbers.map(first.strike), numbers.map(second.strike))
  assert.notDeepEqual(numbers.map(first.round), numbers.map(createPlan(6, NETWORK).round))
})

test('every fault of the realm comes, and some answers take longer than the lease', () => {
  const rounds = numbers.map(createPlan(1, FILE).round)
  assert.equal(new Set(rounds.map(({ fault }) => fault)).size, 9)
  const long = rounds.filter(({ fault }) => fault === 'delayed past the lease')
  assert.ok(long.length > 0 && long.every(({ delaySeconds }) => delaySeconds > 4))
})

test('what stands in for a fault that puts an answer at risk is none of them', () => {
  const rounds = numbers.map(createPlan(1, FILE).round)
  assert.ok(rounds.every(({ harmlessFault }) => !RISKY_FAULTS.includes(harmlessFault)))
})

test('a few blocks strike in every way', () => {
  const plan = createPlan(9, NETWORK)
  const kinds = new Set([0, 1, 2, 3, 4].map((block) => plan.strike(block).kind))
  assert.deepEqual(kinds, new Set(['kill', 'pause', 'skew', 'store']))
})

test('clocks are left alone where the store has none of its own', () => {
  const strikes = numbers.map(createPlan(9, FILE).strike)
  assert.equal(
    strikes.some(({ kind }) => kind === 'skew'),
    false,
  )
  const names = strikes.flatMap((strike) => (strike.kind === 'store' ? [strike.fault] : []))
  assert.deepEqual(new Set(names), new Set(['lock']))
})
