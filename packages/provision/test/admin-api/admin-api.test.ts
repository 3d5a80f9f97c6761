import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createKeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { ANSWERS } from '../support/admin-api/recorded.ts'
import { type AdminApi, openAdminApi } from '../support/admin-api.ts'
import { ALL_EXCHANGES } from '../support/admin-exchanges/all-exchanges.ts'
import { playExchanges } from '../support/admin-exchanges/play-exchanges.ts'

let api: AdminApi

before(async () => {
  api = await openAdminApi({ realms: [] })
})
after(() => api.close())

for (const group of ALL_EXCHANGES) {
  test(`the small admin API answers as a real Keycloak did: ${group.name}`, async () => {
    const answers = await playExchanges({ url: api.url, token: createKeycloakAdmin(api.url).token }, [group])
    assert.deepEqual(answers[group.name], ANSWERS[group.name])
  })
}

test('every exchange is recorded, and nothing else', () => {
  const names = ALL_EXCHANGES.map(({ name, exchanges }) => [name, exchanges.map((exchange) => exchange.name)])
  const recorded = Object.entries(ANSWERS).map(([name, answers]) => [name, Object.keys(answers)])
  assert.deepEqual(recorded, names)
})
