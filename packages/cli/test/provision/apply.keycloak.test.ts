import { openRealKeycloak } from '../../../provision/test/support/keycloaks.ts'
import { describeApply } from '../contracts/apply.ts'

describeApply(openRealKeycloak)
