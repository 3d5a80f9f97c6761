import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLedger, type Ledger } from './ledger.ts'
import type { PlannedRound, RealmFault } from './plan.ts'

function ledgerOf(fault: RealmFault, reuse: 0 | 1 = 0): Ledger {
  const round: PlannedRound = { fault, harmlessFault: '502', times: 1, delaySeconds: 1, delaysProcessing: true }
  return createLedger(reuse, () => round)
}

function spend(ledger: Ledger, tokenId: string, sender: string, now: number): void {
  ledger.present('alice', tokenId, sender, now)
  ledger.use('alice', { tokenId, outcome: 'first' }, now)
}

function refuse(ledger: Ledger, tokenId: string, sender: string, now: number): void {
  ledger.present('alice', tokenId, sender, now)
  ledger.use('alice', { tokenId, outcome: 'refused' }, now)
}

test('a round is one token, however often it is sent', () => {
  const ledger = ledgerOf('none')
  spend(ledger, 't1', 'p1', 0)
  const again = ledger.present('alice', 't1', 'p2', 1)
  assert.deepEqual([ledger.rounds(), again.presentations.length], [1, 2])
  spend(ledger, 't2', 'p2', 5)
  assert.equal(ledger.rounds(), 2)
})

test('a token of an earlier round begins none', () => {
  const ledger = ledgerOf('none')
  spend(ledger, 't1', 'p1', 0)
  spend(ledger, 't2', 'p1', 5)
  refuse(ledger, 't1', 'p2', 6)
  assert.equal(ledger.rounds(), 2)
})

test('an answer that was cut explains a refusal', () => {
  const ledger = ledgerOf('cut in the middle')
  spend(ledger, 't1', 'p1', 0)
  refuse(ledger, 't1', 'p1', 1)
  assert.equal(ledger.takeRefusal('alice'), 'answer')
  assert.equal(ledger.takeRefusal('alice'), undefined)
})

test('a process that died with the answer explains a refusal', () => {
  const ledger = ledgerOf('none')
  spend(ledger, 't1', 'p1', 0)
  ledger.stop('p1', 0.1)
  refuse(ledger, 't1', 'p2', 10)
  assert.equal(ledger.takeRefusal('alice'), 'answer')
})

test('a process that had gone on before it asked explains nothing later', () => {
  const ledger = ledgerOf('none')
  ledger.stop('p1', 0)(12)
  spend(ledger, 't1', 'p1', 20)
  refuse(ledger, 't1', 'p2', 21)
  assert.equal(ledger.takeRefusal('alice'), null)
})

test('a process that was about to ask when it was stopped explains a refusal', () => {
  const ledger = ledgerOf('none')
  const goOn = ledger.stop('p1', 0)
  spend(ledger, 't1', 'p2', 11)
  ledger.keep('alice')
  goOn(12)
  refuse(ledger, 't1', 'p1', 12.1)
  assert.equal(ledger.takeRefusal('alice'), 'stopped')
})

test('a request that stood at the realm while its process was stopped explains a refusal rounds later', () => {
  const ledger = ledgerOf('none')
  ledger.present('alice', 't1', 'p1', 0)
  ledger.stop('p1', 1)
  spend(ledger, 't1', 'p2', 11)
  ledger.keep('alice')
  ledger.present('alice', 't2', 'p2', 12)
  ledger.use('alice', { tokenId: 't1', outcome: 'refused' }, 13)
  assert.equal(ledger.takeRefusal('alice'), 'stopped')
})

test('two processes that ask with one token, and nothing wrong with either, are unexplained', () => {
  const ledger = ledgerOf('none')
  spend(ledger, 't1', 'p1', 0)
  refuse(ledger, 't1', 'p2', 0.1)
  assert.equal(ledger.takeRefusal('alice'), null)
})

test('a token that comes again although its successor was written is explained by a store that loses writes alone', () => {
  for (const [losesWrites, cause] of [
    [true, 'write'],
    [false, null],
  ] as const) {
    const ledger = ledgerOf('none')
    spend(ledger, 't1', 'p1', 0)
    ledger.keep('alice')
    ledger.harmStore(losesWrites, 0)(1)
    refuse(ledger, 't1', 'p2', 5)
    assert.equal(ledger.takeRefusal('alice'), cause)
  }
})

test('a store that failed under the answer explains a refusal until long after', () => {
  for (const [now, cause] of [
    [10, 'unwritten'],
    [100, null],
  ] as const) {
    const ledger = ledgerOf('none')
    ledger.harmStore(true, 0)(1)
    spend(ledger, 't1', 'p1', now)
    refuse(ledger, 't1', 'p2', now + 1)
    assert.equal(ledger.takeRefusal('alice'), cause)
  }
})

test('a session that began just before the store failed may be gone, an older one may not', () => {
  const ledger = ledgerOf('none')
  ledger.renew('alice', 10)
  ledger.renew('bob', 48)
  ledger.harmStore(true, 50)(60)
  assert.deepEqual([ledger.mayBeGone('alice'), ledger.mayBeGone('bob')], [false, true])
})

test('an answer is lost at most once in the time in which a session heals once', () => {
  const ledger = ledgerOf('dropped after processing')
  const faults = [0, 30, 100].map((now) => ledger.present('alice', `t${now}`, 'p1', now).fault)
  assert.deepEqual(faults, ['dropped after processing', '502', 'dropped after processing'])
})

test('a process may be struck unless it holds tokens of somebody who has just lost some', () => {
  const ledger = ledgerOf('none')
  ledger.cost('alice', 0)
  assert.equal(ledger.mayStrike('p1', 1), true)
  spend(ledger, 't1', 'p1', 1)
  assert.deepEqual(
    [ledger.mayStrike('p1', 2), ledger.mayStrike('p2', 2), ledger.mayStrike(null, 2), ledger.mayStrike('p1', 100)],
    [false, true, false, true],
  )
  ledger.keep('alice')
  assert.equal(ledger.mayStrike('p1', 2), true)
  spend(ledger, 't2', 'p1', 5)
  ledger.renew('alice', 6)
  assert.equal(ledger.mayStrike('p1', 7), true)
})

test('where a spent token passes once more, an answer may be lost at any time', () => {
  const ledger = ledgerOf('dropped after processing', 1)
  const faults = [0, 5].map((now) => ledger.present('alice', `t${now}`, 'p1', now).fault)
  assert.deepEqual(faults, ['dropped after processing', 'dropped after processing'])
})
