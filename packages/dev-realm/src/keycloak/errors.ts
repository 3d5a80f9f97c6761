// What can go wrong with a real Keycloak on this machine. Each message is one line and says what to do.

export type KeycloakErrorCode =
  | 'ERR_KEYCLOAK_MAVEN_MISSING'
  | 'ERR_KEYCLOAK_JAVA_MISSING'
  | 'ERR_KEYCLOAK_PREPARE_FAILED'
  | 'ERR_KEYCLOAK_PORT_TAKEN'
  | 'ERR_KEYCLOAK_START_FAILED'
  | 'ERR_KEYCLOAK_ADMIN_REFUSED'

/** The only error of `@doorman/dev-realm/keycloak`. `code` is stable, the message says what to do. */
export class KeycloakError extends Error {
  readonly code: KeycloakErrorCode

  constructor(code: KeycloakErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'KeycloakError'
    this.code = code
  }
}
