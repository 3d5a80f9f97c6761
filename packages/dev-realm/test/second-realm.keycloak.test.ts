import { useKeycloak } from '../../../scripts/support/test-keycloak.ts'
import { testSecondRealm } from './contracts/second-realm.ts'

testSecondRealm(async () => {
  const keycloak = await useKeycloak()
  const users = await keycloak.admin.get<readonly { readonly id: string; readonly username: string }[]>('models/users')
  return {
    main: keycloak.issuer('main'),
    models: keycloak.issuer('models'),
    async close() {
      const known = new Set(users.map(({ id }) => id))
      const current = await keycloak.admin.get<typeof users>('models/users')
      for (const { id } of current) if (!known.has(id)) await keycloak.admin.delete(`models/users/${id}`)
      await keycloak.stop()
    },
  }
})
