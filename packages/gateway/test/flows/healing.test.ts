// Sessions whose tokens are lost: a page comes back logged in and nobody notices; what cannot be healed ends once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  eventsOf,
  problemCode,
  refreshes,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
  userOf,
} from '../support/flow.ts'
import { logInLosing, logInLost, pagesSeen, ROTATING, silentCallback } from '../support/lost-session.ts'

const OPTIONS = { realm: ROTATING }

testOnBothFronts(
  'a page that finds its tokens lost comes back logged in, under a new id, without a page shown',
  async (stage) => {
    const browser = await logInLosing(stage)
    const before = sessionId(stage, browser)
    const answers = await browser.follow(stage.url('/page/x?y=1'))
    assert.deepEqual(pagesSeen(answers), [stage.url('/page/x?y=1')])
    assert.equal(answers.at(-1)?.status, 200)
    assert.notEqual(sessionId(stage, browser), before)
    assert.equal((await userOf(stage, browser)).id, '00000000-0000-4000-8000-000000000001')
    assert.deepEqual(
      eventsOf(stage, 'session.ended').map(({ by }) => by),
      ['healed'],
    )
    assert.equal(refreshes(stage), 2)
  },
  OPTIONS,
)
