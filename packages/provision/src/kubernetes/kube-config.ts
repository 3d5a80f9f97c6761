// Which cluster, and as whom: found as kubectl finds it, without its last resort of an unencrypted localhost:8080.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { ProvisionError } from '../errors.ts'

export interface KubeConfigPlace {
  readonly kubeconfig: string | null
  readonly context: string | null
  /** Where the folder `var/run/secrets` of a pod is: `''`. */
  readonly podRoot: string
}

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Throws `ERR_CLUSTER_UNREACHABLE` and `ERR_TRUST_INVALID`. */
export function loadKubeConfig(place: KubeConfigPlace): KubeConfig {
  const config = readKubeConfig(place)
  if (place.context !== null) config.setCurrentContext(place.context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw notConfigured(`there is no context ${config.getCurrentContext() ?? ''} with a cluster`)
  if (cluster.skipTLSVerify || !cluster.server.startsWith('https:')) {
    const text = `Secrets are sent to a verified server alone: ${cluster.server} is not meant to be verified by the kubeconfig`
    throw new ProvisionError('ERR_TRUST_INVALID', text, { server: cluster.server })
  }
  return config
}

function readKubeConfig({ kubeconfig, podRoot }: KubeConfigPlace): KubeConfig {
  const files = kubeconfig === null ? [] : kubeconfig.split(delimiter).filter((file) => file !== '')
  if (files.length > 0) return mergeFiles(files)
  const ownFile = join(homedir(), '.kube', 'config')
  if (existsSync(ownFile)) return mergeFiles([ownFile])
  if (!existsSync(podRoot + TOKEN_FILE)) {
    throw notConfigured(`there is no ${ownFile}, no variable KUBECONFIG, and this is no pod with a service account`)
  }
  const config = new KubeConfig()
  config.loadFromCluster(podRoot)
  return config
}

function mergeFiles(files: readonly string[]): KubeConfig {
  const merged = new KubeConfig()
  for (const file of files) {
    const config = new KubeConfig()
    try {
      config.loadFromFile(file)
    } catch (error) {
      // What a parser says quotes the file, which may hold tokens.
      throw notConfigured(`${file} cannot be read${isMissing(error) ? ': there is no such file' : ' as a kubeconfig'}`)
    }
    merged.mergeConfig(config, merged.getCurrentContext() !== undefined)
  }
  return merged
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function notConfigured(because: string): ProvisionError {
  const text = `No cluster is configured: ${because}`
  return new ProvisionError('ERR_CLUSTER_UNREACHABLE', text, { reason: 'configuration' })
}
