import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCooldown } from '../../src/tokens/cooldown.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

test('a pause ends by the clock, for its own session alone', () => {
  const clock = createFixedClock()
  const cooldown = createCooldown(clock.now)
  cooldown.begin('a', 5)
  assert.equal(cooldown.restSeconds('a'), 5)
  assert.equal(cooldown.restSeconds('b'), 0)
  clock.advance(2)
  assert.equal(cooldown.restSeconds('a'), 3)
  clock.advance(4)
  assert.equal(cooldown.restSeconds('a'), 0)
})

test('a pause that begins anew counts from then on', () => {
  const clock = createFixedClock()
  const cooldown = createCooldown(clock.now)
  cooldown.begin('a', 5)
  clock.advance(6)
  cooldown.begin('b', 1)
  cooldown.begin('a', 5)
  assert.equal(cooldown.restSeconds('a'), 5)
})
