import { describeApplyRealm } from '../contracts/apply-realm.ts'
import { openRealKeycloak } from '../support/keycloaks.ts'

describeApplyRealm(openRealKeycloak)
