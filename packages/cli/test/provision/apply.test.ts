import { openSmallKeycloak } from '../../../provision/test/support/keycloaks.ts'
import { describeApply } from '../contracts/apply.ts'

describeApply(openSmallKeycloak)
