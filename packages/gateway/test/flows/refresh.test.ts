import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStage, type Stage } from '../support/stage.ts'

const ROUNDS = 50
const WAITING = 20

/** Somebody who has just logged in with an access token that has ended already; later ones live. */
async function logInExpired(stage: Stage) {
  stage.realm.faults.expiresIn = 0.001
  const browser = await stage.loggedIn()
  stage.realm.faults.expiresIn = null
  return browser
}

const refreshes = (stage: Stage) => stage.realm.calls.count('token', 'refresh_token')

for (const replicas of [1, 2]) {
  test(`${WAITING} requests at expiry over ${replicas} gateways on one file are one token request and ${WAITING} answers`, async () => {
    const stage = await openStage({ front: 'direct', replicas, realm: { revokeRefreshToken: true } })
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const browser = await logInExpired(stage)
        const answers = await Promise.all(Array.from({ length: WAITING }, () => browser.fetch(stage.url('/api/x'))))
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
        assert.equal(refreshes(stage), round)
      }
    } finally {
      await stage.close()
    }
  })
}
