import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BreakerState, CLOSED, passed, restSeconds, settled, type TurnOutcome } from '../../src/tokens/breaker.ts'

const RULES = { opensAfter: 3, openSeconds: 2 }

/** What outcomes lead to, each of somebody who was let through a second after the one before. */
function after(...outcomes: readonly TurnOutcome[]): BreakerState {
  return outcomes.reduce((state, outcome, second) => settled(passed(state), outcome, second, RULES), CLOSED)
}

const OPEN = after('silent', 'silent', 'silent')

test('it opens after so many failures in a row', () => {
  assert.equal(after('silent', 'silent').kind, 'closed')
  assert.deepEqual(OPEN, { kind: 'open', until: 4 })
})

test('an answer between failures begins the count anew', () => {
  assert.equal(after('silent', 'silent', 'answered', 'silent', 'silent').kind, 'closed')
})

test('whoever had nothing to ask counts for nothing', () => {
  assert.equal(after('silent', 'unasked', 'silent').kind, 'closed')
  assert.equal(after('silent', 'unasked', 'silent', 'silent').kind, 'open')
})

test('while it is open the rest of the pause is told', () => {
  assert.equal(restSeconds(OPEN, 2.5, RULES), 1.5)
  assert.equal(restSeconds(OPEN, 4, RULES), 0)
})

test('after the pause one is let through, and the others stay away meanwhile', () => {
  const trying = passed(OPEN)
  assert.equal(trying.kind, 'half-open')
  assert.equal(restSeconds(trying, 4, RULES), 2)
})

test('the one that was let through closes it with an answer and opens it with a failure', () => {
  assert.deepEqual(settled(passed(OPEN), 'answered', 4, RULES), CLOSED)
  assert.deepEqual(settled(passed(OPEN), 'silent', 5, RULES), { kind: 'open', until: 7 })
})

test('when the one that was let through had nothing to ask, the next one may', () => {
  const state = settled(passed(OPEN), 'unasked', 4, RULES)
  assert.equal(state.kind, 'half-open')
  assert.equal(restSeconds(state, 4, RULES), 0)
})

test('failures of those who had been let through before do not prolong the pause', () => {
  assert.deepEqual(settled(OPEN, 'silent', 3, RULES), OPEN)
})

test('a late answer of somebody who had been let through before closes it', () => {
  assert.deepEqual(settled(OPEN, 'answered', 3, RULES), CLOSED)
})
