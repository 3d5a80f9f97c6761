// What can go wrong with a realm, a secret or a place it is delivered to. Messages are for the person at the terminal;
// neither they nor details ever hold a secret.

export type ProvisionErrorCode =
  /** The admin interface does not answer, or answers with 5xx or 429, after all repetitions. */
  | 'ERR_ADMIN_UNREACHABLE'
  /** The credential is not taken. */
  | 'ERR_ADMIN_CREDENTIAL'
  /** The credential lacks a role for what was asked: 403. */
  | 'ERR_ADMIN_FORBIDDEN'
  /** The admin interface refused what was sent: 400, 409 and others. */
  | 'ERR_ADMIN_REFUSED'
  /** The realm is not there. */
  | 'ERR_REALM_UNKNOWN'
  /** The realm is not what the plan was made from. */
  | 'ERR_PLAN_OUTDATED'
  | 'ERR_PLAN_INVALID'
  /** A client of that name is somebody else's, and the file does not say `adopt: true`. */
  | 'ERR_CLIENT_FOREIGN'
  /** Somebody else is applying. */
  | 'ERR_APPLY_RUNNING'
  /** What may not be done with a secret that the credential cannot read. */
  | 'ERR_SECRET_MASKED'
  /** The file names a client that the realm does not have yet. */
  | 'ERR_CLIENT_UNKNOWN'
  /** A secret is not rotated, and nothing has changed: `detail.reason` says why. */
  | 'ERR_ROTATION_REFUSED'
  /** The new secret is there, but not everywhere: running the rotation again goes on from there. */
  | 'ERR_ROTATION_UNFINISHED'
  /** A place a secret is delivered to cannot be written. */
  | 'ERR_DELIVERY_FAILED'
  | 'ERR_CLUSTER_UNREACHABLE'
  | 'ERR_CLUSTER_FORBIDDEN'
  /** A CA bundle cannot be read or holds no certificate, or nobody is verified at all. */
  | 'ERR_TRUST_INVALID'

export class ProvisionError extends Error {
  readonly code: ProvisionErrorCode
  /** Facts to show beside the message. Never a secret. */
  readonly detail: Readonly<Record<string, unknown>>

  constructor(
    code: ProvisionErrorCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options: ErrorOptions = {},
  ) {
    super(message, options)
    this.code = code
    this.detail = detail
  }
}

export function isProvisionError(error: unknown, code?: ProvisionErrorCode): error is ProvisionError {
  return error instanceof ProvisionError && (code === undefined || error.code === code)
}
