import { openEmbeddedRealm } from '../../src/dev/demo-realm.ts'
import { testDemoFlow } from '../support/demo-flow.ts'

testDemoFlow({
  openRealm: openEmbeddedRealm,
  fillIn: (page, username) => page.click(`button[name=user][value=${username}]`),
})
