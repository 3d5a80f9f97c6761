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
export type {
  ClientIntrospectionOptions,
  GuardOptions,
  IntrospectionOptions,
  IssuerOptions,
  OwnIntrospectionOptions,
} from './guard-options.ts'
