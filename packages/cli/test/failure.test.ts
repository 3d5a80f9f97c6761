import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProvisionError } from '@doorman/provision'
import { describeFailure } from '../src/failure.ts'

test('what others have said cannot steer the terminal', () => {
  const holder = '\u001b]0;owned\u0007\u001b[2Jsomebody\rdoorman: done'
  const { line } = describeFailure(new ProvisionError('ERR_APPLY_RUNNING', `${holder} is applying`, { holder }))
  assert.match(line, /^[^\p{Cc}]*$/u)
})

test('lines of several problems stay lines', () => {
  const error = new ProvisionError('ERR_PLAN_INVALID', 'two', { problems: 'one\ntwo' })
  assert.equal(describeFailure(error).line.split('\n').length, 2)
})
