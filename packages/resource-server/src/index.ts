export {
  BearerError,
  type BearerErrorBody,
  type BearerErrorCode,
  type BearerFault,
  type BearerRefusal,
} from './bearer-error.ts'
export type { Caller } from './caller.ts'
export { callerFromClaims } from './caller-from-claims.ts'
export { createGuard, type Guard } from './guard.ts'
export type { GuardOptions, IntrospectionOptions, IssuerOptions } from './guard-options.ts'
