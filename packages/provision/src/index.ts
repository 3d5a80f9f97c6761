// The public surface of @doorman/provision.
export { type ApplyLock, type ApplyLockOptions, acquireApplyLock } from './apply/apply-lock.ts'
export { type ApplyRealmOptions, type ApplySummary, applyRealm } from './apply/apply-realm.ts'
export { type BootstrapOptions, bootstrapRealm, type Provisioner } from './apply/bootstrap.ts'
export { createSecretReader, orderRealms } from './apply/other-realms.ts'
export type { ProvisionerUse } from './apply/provisioner.ts'
export type { SecretOf } from './apply/work.ts'
export { readDeliveredSecret } from './doctor/delivered-secret.ts'
export { type Diagnosis, diagnose, type Subject } from './doctor/diagnose.ts'
export { renderDiagnosis } from './doctor/diagnosis-text.ts'
export type { Fault, Finding } from './doctor/finding.ts'
export type {
  ClientProof,
  DoctorClient,
  DoctorExchange,
  DoctorGround,
  DoctorLogin,
  DoctorRealm,
  DoctorService,
  DoctorTools,
} from './doctor/ground.ts'
export { isProvisionError, ProvisionError, type ProvisionErrorCode } from './errors.ts'
export { createRealmAdmin } from './keycloak/create-realm-admin.ts'
export { observeRealm } from './keycloak/observe-realm.ts'
export type {
  ObservedClient,
  ObservedIdentityProvider,
  ObservedMapper,
  ObservedRealm,
  ObservedRotation,
  ObservedScope,
  ObservedSecret,
  ObservedServiceAccount,
  Seen,
} from './keycloak/observed.ts'
export type {
  AdminCall,
  AdminCredential,
  RealmAdmin,
  RealmAdminOptions,
  Representation,
} from './keycloak/realm-admin.ts'
export { useAuthorities } from './keycloak/trust.ts'
export type { SecretOutcome } from './kubernetes/apply-secret.ts'
export { type Cluster, type ClusterOptions, createCluster } from './kubernetes/cluster.ts'
export { type Account, renderRbac } from './kubernetes/rbac.ts'
export type { ClusterRight } from './kubernetes/rights.ts'
export type { RestartOutcome, RestartRequest } from './kubernetes/rollout.ts'
export type { ClusterSecret } from './kubernetes/secret.ts'
export type { DescribedClient } from './plan/describe.ts'
export { type DescribedRealm, type DescribeRealmOptions, describeRealm } from './plan/describe-realm.ts'
export { describeDrift } from './plan/drift.ts'
export {
  type Change,
  type ChangeKind,
  type FieldChange,
  type Foreign,
  isInSync,
  type Plan,
  type RealmPlan,
  type Unseen,
} from './plan/plan.ts'
export { confirmPlan, type PlannedRealm, readPlanFile, writePlanFile } from './plan/plan-file.ts'
export { planRealm } from './plan/plan-realm.ts'
export { renderPlan } from './plan/plan-text.ts'
export type { Report } from './report.ts'
export { clientValues, type Whereabouts } from './secrets/client-values.ts'
export { deliver, placesOf } from './secrets/deliver.ts'
export {
  type ClientDeliveries,
  deliverRealm,
  planDeliveries,
  type RealmDeliveryOptions,
} from './secrets/deliver-realm.ts'
export type { DeliveryOutcome, DeliveryResult, DeliveryTools, Place, SecretCluster } from './secrets/delivery.ts'
export { endOldSecret } from './secrets/end-old-secret.ts'
export { identityProviderPlaces } from './secrets/identity-provider-place.ts'
export { type RotationChoices, type RotationSummary, rotateSecret } from './secrets/rotate-secret.ts'
export type { RotationLock, RotationOptions } from './secrets/rotation.ts'
export { type DueRotation, findDueRotations } from './secrets/rotation-due.ts'
export { buildSecretValues, type SecretValues } from './secrets/values.ts'
export * from './sections.ts'
export type {
  FrontDoor,
  FrontDoorAuth,
  FrontDoorCredential,
  FrontDoorObtain,
  FrontDoorRealm,
  FrontDoorRoute,
} from './wanted/front-door.ts'
export { splitList } from './wanted/list-attributes.ts'
export { internalIssuerOf, serverUrlOf } from './wanted/realm-urls.ts'
export { resolveWanted, type WantedInput } from './wanted/resolve-wanted.ts'
export { SHAPES, type ShapeName } from './wanted/shapes.ts'
export type {
  Wanted,
  WantedClient,
  WantedDelivery,
  WantedIdentityProvider,
  WantedRealm,
  WantedScope,
  Workload,
} from './wanted/wanted.ts'
