export type { Answer } from './answer.ts'
export type { CallOutcome, Calls, RecordedCall } from './calls.ts'
export { type DescribedLogin, describeDevUser } from './described-user.ts'
export { type DevRealm, type RealmSession, startDevRealm } from './dev-realm.ts'
export {
  type DevRealmPair,
  type DevRealmPairOptions,
  MODELS_USERS,
  startDevRealmPair,
} from './dev-realm-pair.ts'
export type { Directory } from './directory.ts'
export {
  type AuthorizationFault,
  type DecideFaults,
  FAULTS,
  type Fault,
  type FaultMoment,
  type Faults,
  type Hold,
  type MetRequest,
  type RealmEndpoint,
} from './faults.ts'
export { GRANT_TYPES } from './grant-types.ts'
export type { IdTokenFault } from './id-token.ts'
export {
  DEV_USERS,
  type DevClient,
  type DevIdentityProvider,
  type DevRealmOptions,
  type DevUser,
  type OptionalScope,
  type OrganizationClaimForm,
  type RealmSettings,
  type ServiceAccount,
  type TokenUse,
} from './options.ts'
