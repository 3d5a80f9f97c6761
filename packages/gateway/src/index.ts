export { type Absence, GATEWAY_SECRETS } from './config/absence.ts'
export { formatListenAddress, parseListenAddress } from './config/addresses.ts'
export type { FurtherSections, SectionSchemas } from './config/further-sections.ts'
export type * from './config/gateway-config.ts'
export { type ConfigReading, loadConfig, parseConfig, type ReadOptions, readConfig } from './config/load.ts'
export { type ConfigProblem, type Finding, formatProblem } from './config/problems.ts'
export { type ClaimedCaller, principalOfClaims } from './explain/claimed-caller.ts'
export type { ExplainQuestion } from './explain/explain-question.ts'
export { type ExplainOptions, explainRequest } from './explain/explain-request.ts'
export type {
  CallerFinding,
  CredentialFinding,
  Explanation,
  HeadersFinding,
  LimitFinding,
  RouteFinding,
  Verdict,
} from './explain/explanation.ts'
export { type Address, type Gateway, type GatewayOptions, openGateway } from './gateway.ts'
export { ERRORS, type ErrorCode, GatewayError, isGatewayError } from './kernel/errors.ts'
export type { EventListener, Events, GatewayEvent } from './kernel/events.ts'
export { isLoopbackHost } from './kernel/loopback.ts'
export { type Clock, systemClock } from './kernel/time.ts'
export type { LogLevel } from './observability/log-lines.ts'
export { openExistingStore } from './open-store.ts'
export type { OperatorSession } from './operator/sessions.ts'
export type { RuleFinding } from './policy/access-policy.ts'
export type { SessionSelection } from './session/session-administration.ts'
export { openSessionAdministration, type StoredSessions } from './session-administration.ts'
export { openSigningKeyAdministration, type SigningKeyAdministration } from './signing-key-administration.ts'
export {
  listSealingKeys,
  type RetireOutcome,
  retireSealingKey,
  rotateSealingKey,
  type SealingKey,
} from './stores/key-ring.ts'
export { openSqliteStore } from './stores/sqlite.ts'
export type {
  SigningKeyRetirement,
  SigningKeyRotation,
  SigningKeyStatus,
} from './tokens/signing-key-administration.ts'
export type { SigningAlgorithm, SigningKeyState } from './tokens/signing-key-ring.ts'
export { SIGNING_KEYS_POLL_SECONDS } from './tokens/signing-keys.ts'
