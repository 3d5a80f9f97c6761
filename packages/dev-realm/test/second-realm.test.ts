import { startDevRealmPair } from '@doorman/dev-realm'
import { testSecondRealm } from './contracts/second-realm.ts'

testSecondRealm(async () => {
  const { main, models, close } = await startDevRealmPair({ redirectUris: ['http://localhost:3000/auth/callback'] })
  const driver = { clientId: 'test-driver', secret: 'test-driver-test-secret', redirectUris: [], exchange: true }
  main.directory.setClient(driver)
  return { main: main.issuer, models: models.issuer, close }
})
