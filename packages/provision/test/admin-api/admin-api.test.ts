import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { ANSWERS } from '../support/admin-api/recorded.ts'
import { openAdminApi } from '../support/admin-api.ts'
import { ALL_EXCHANGES } from '../support/admin-exchanges/all-exchanges.ts'
import { playExchanges } from '../support/admin-exchanges/play-exchanges.ts'

// Synchronously awaited at the top, so that there is a test for each exchange.
const api = await openAdminApi({ realms: [] })
const answers = await playExchanges({ url: api.url, token: createKeycloakAdmin(api.url).token }, ALL_EXCHANGES)
await api.close()

for (const { name, exchanges } of ALL_EXCHANGES) {
  suite(`${name}, answered as a real Keycloak does`, () => {
    for (const exchange of exchanges) {
      test(exchange.name, () => {
        assert.deepEqual(answers[name]?.[exchange.name], ANSWERS[name]?.[exchange.name])
      })
    }
  })
}
