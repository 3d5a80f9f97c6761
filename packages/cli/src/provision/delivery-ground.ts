// What deliveries need of the file and of this machine.
import { dirname, resolve } from 'node:path'
import { createCluster, type DeliveryTools, type SecretCluster } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import type { GroundRealm, ProvisionGround } from './ground.ts'

const CLUSTER_TIMEOUT_SECONDS = 30
const COMMAND_TIMEOUT_SECONDS = 60

export function deliveryTools(file: string, { wanted }: ProvisionGround, env: Environment): DeliveryTools {
  let cluster: SecretCluster | undefined
  return {
    folder: dirname(resolve(file)),
    owner: wanted.owner,
    openCluster() {
      const kubeconfig = env.KUBECONFIG || null
      cluster ??= createCluster({ kubeconfig, context: null, timeoutSeconds: CLUSTER_TIMEOUT_SECONDS })
      return cluster
    },
    commandTimeoutSeconds: COMMAND_TIMEOUT_SECONDS,
  }
}

/** Where consumers reach Keycloak. `adminUrl` may be a way of our own, such as a forwarded port. */
export function internalUrlOf({ wanted: { issuer }, adminUrl }: GroundRealm, { config }: ProvisionGround): string {
  const realm = Object.values(config.realms).find((each) => each.issuer === issuer)
  return realm?.backchannelUrl ?? adminUrl
}
