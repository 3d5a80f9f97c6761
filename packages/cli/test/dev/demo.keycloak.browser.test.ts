import type { Page } from 'playwright-core'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { openOnKeycloak } from '../../src/dev/demo-realm.ts'
import { testDemoFlow } from '../support/demo-flow.ts'

testDemoFlow({
  openRealm: async (place) => openOnKeycloak(await useKeycloak(), place),
  fillIn: fillInLoginPages,
})

/** With organizations Keycloak asks for the name first and for the password on the next page. */
async function fillInLoginPages(page: Page, username: string): Promise<void> {
  await page.fill('#username', username)
  if (!(await page.isVisible('#password'))) await page.click('#kc-login')
  await page.fill('#password', `${username}-test-password`)
  await page.click('#kc-login')
}
