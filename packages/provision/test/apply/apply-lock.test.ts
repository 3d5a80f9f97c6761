import { describeApplyLock } from '../contracts/apply-lock.ts'
import { openSmallKeycloak } from '../support/keycloaks.ts'

describeApplyLock(openSmallKeycloak)
