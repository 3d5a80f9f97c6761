/** `publicUrl` of doorman.yaml. */
declare const GATEWAY: string
/** The origin of the page for administrators. */
declare const ADMIN: string
