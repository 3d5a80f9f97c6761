import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { ANSWERS } from '../support/admin-api/recorded.ts'
import { ALL_EXCHANGES } from '../support/admin-exchanges/all-exchanges.ts'
import { playExchanges } from '../support/admin-exchanges/play-exchanges.ts'

let keycloak: Keycloak

before(async () => {
  keycloak = await useKeycloak()
})
after(async () => {
  await keycloak.stop()
})

for (const group of ALL_EXCHANGES) {
  test(`a real Keycloak answers as recorded: ${group.name}`, async () => {
    const answers = await playExchanges({ url: keycloak.url, token: keycloak.admin.token }, [group])
    assert.deepEqual(answers[group.name], ANSWERS[group.name])
  })
}
