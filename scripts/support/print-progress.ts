import type { KeycloakProgress } from '@doorman/dev-realm/keycloak'

export function printProgress(progress: KeycloakProgress): void {
  if (progress.kind === 'started') console.error(`… ${progress.step}`)
  else console.error(`✔ ${progress.step}, ${progress.seconds.toFixed(1)} s`)
}
