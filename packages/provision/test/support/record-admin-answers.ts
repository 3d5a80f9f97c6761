// Writes admin-answers.json: what a real Keycloak answers to each of our exchanges, each group in a realm of its own.
//   node --conditions=@doorman/source packages/provision/test/support/record-admin-answers.ts
// uses the Keycloak that DOORMAN_TEST_KEYCLOAK names, or starts one.
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { ALL_EXCHANGES } from './admin-exchanges/all-exchanges.ts'
import { playExchanges } from './admin-exchanges/play-exchanges.ts'

const FILE = fileURLToPath(new URL('admin-answers.json', import.meta.url))

const keycloak = await useKeycloak()
try {
  const answers = await playExchanges({ url: keycloak.url, token: keycloak.admin.token }, ALL_EXCHANGES)
  await writeFile(FILE, `${JSON.stringify(answers, null, 2)}\n`)
  spawnSync('npx', ['biome', 'format', '--write', FILE], { stdio: 'inherit' })
} finally {
  await keycloak.stop()
}
