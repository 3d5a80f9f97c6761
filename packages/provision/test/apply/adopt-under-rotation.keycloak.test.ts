import { describeAdoptUnderRotation } from '../contracts/adopt-under-rotation.ts'
import { openRealKeycloak } from '../support/keycloaks.ts'

describeAdoptUnderRotation(openRealKeycloak)
