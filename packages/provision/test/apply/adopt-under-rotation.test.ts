import { describeAdoptUnderRotation } from '../contracts/adopt-under-rotation.ts'
import { openSmallKeycloak } from '../support/keycloaks.ts'

describeAdoptUnderRotation(openSmallKeycloak)
