import { describeApplyLock } from '../contracts/apply-lock.ts'
import { openRealKeycloak } from '../support/keycloaks.ts'

describeApplyLock(openRealKeycloak)
