// What a check has found. No secret and no token is ever in it.

/** What can be wrong, by one word each; docs/doctor.md has a row for each. */
export const FAULTS = [
  'host-unknown',
  'resolver-silent',
  'connection-refused',
  'connection-silent',
  'connection-failed',
  'ca-bundle',
  'certificate-expired',
  'certificate-early',
  'certificate-name',
  'certificate-untrusted',
  'tls-failed',
  'realm-unknown',
  'realm-disabled',
  'https-required',
  'keycloak-starting',
  'not-keycloak',
  'issuer-mismatch',
  'admin-credential',
  'admin-unreachable',
  'token-endpoint',
  'client-unknown',
  'client-disabled',
  'client-unknown-or-disabled',
  'client-public',
  'client-confidential',
  'secret-wrong',
  'proof-refused',
  'service-account-off',
  'service-account-disabled',
  'token-refused',
  'standard-flow-off',
  'redirect-uri',
  'post-logout-redirect-uri',
  'scope-refused',
  'login-refused',
  'audience-missing',
  'token-inactive',
  'role-missing',
  'role-not-in-token',
  'clock-skew',
  'exchange-off',
  'exchange-audience',
  'exchange-refused',
  'backchannel-url',
  'backchannel-loopback',
  'backchannel-unreachable',
  'backchannel-host',
  'backchannel-answer',
  'service-open',
] as const

export type Fault = (typeof FAULTS)[number]

export type Evidence = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface WrongFinding {
  readonly kind: 'wrong'
  readonly fault: Fault
  /** A sentence without its full stop, as are the others. */
  readonly cause: string
  readonly remedy: string
  readonly evidence: Evidence
}

export interface SkippedFinding {
  readonly kind: 'skipped'
  /** `unneeded`: the file asks for nothing of the kind. `blocked`: something it depends on is wrong. */
  readonly reason: 'unneeded' | 'blocked' | 'unseen'
  readonly because: string
}

export type Finding = { readonly kind: 'ok'; readonly seen: string } | WrongFinding | SkippedFinding

export function ok(seen: string): Finding {
  return { kind: 'ok', seen }
}

export function wrong(fault: Fault, cause: string, remedy: string, evidence: Evidence = {}): WrongFinding {
  return { kind: 'wrong', fault, cause, remedy, evidence }
}

/** It could not be seen. */
export function skipped(because: string): Finding {
  return { kind: 'skipped', reason: 'unseen', because }
}

export function unneeded(because: string): Finding {
  return { kind: 'skipped', reason: 'unneeded', because }
}

export function blockedBy(culprit: string): Finding {
  return { kind: 'skipped', reason: 'blocked', because: `it depends on what is wrong with: ${culprit}` }
}
