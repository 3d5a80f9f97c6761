import { describeApplyRealm } from '../contracts/apply-realm.ts'
import { openSmallKeycloak } from '../support/keycloaks.ts'

describeApplyRealm(openSmallKeycloak)
