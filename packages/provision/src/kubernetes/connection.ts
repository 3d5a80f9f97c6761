// One cluster under one credential: every call with a limit in time, repeated where it may help, its refusals told apart.
import { readFileSync } from 'node:fs'
import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  type Configuration,
  CoreV1Api,
  createConfiguration,
  type KubeConfig,
  type Middleware,
  type RequestContext,
  ServerConfiguration,
  VersionApi,
} from '@kubernetes/client-node'
import { ProvisionError } from '../errors.ts'
import { type ClusterCall, clusterError } from './cluster-error.ts'
import { loadKubeConfig } from './kube-config.ts'
import { repeat } from './repeat.ts'
import type { ClusterRight } from './rights.ts'

export interface ConnectionOptions {
  readonly kubeconfig: string | null
  readonly context: string | null
  readonly timeoutSeconds: number
}

export interface Connection {
  readonly server: string
  /** Rejects with a `ProvisionError`. */
  ask<Answer>(call: ClusterCall, send: (apis: ClusterApis) => Promise<Answer>): Promise<Answer>
  lacks(rights: readonly ClusterRight[]): Promise<readonly ClusterRight[]>
}

export interface ClusterApis {
  readonly core: CoreV1Api
  readonly apps: AppsV1Api
  readonly authorization: AuthorizationV1Api
  readonly version: VersionApi
}

/** Rejects with `ERR_CLUSTER_UNREACHABLE` and `ERR_TRUST_INVALID`. */
export function connect(options: ConnectionOptions): Connection {
  const config = loadKubeConfig({ ...options, podRoot: '' })
  checkAuthority(config)
  const server = config.getCurrentCluster()?.server ?? ''
  const apis = createApis(configure(config, server, options.timeoutSeconds))

  async function ask<Answer>(call: ClusterCall, send: (apis: ClusterApis) => Promise<Answer>): Promise<Answer> {
    try {
      return await repeat(() => send(apis))
    } catch (error) {
      const isForbidden = error instanceof ApiException && error.code === 403
      throw clusterError(error, call, server, isForbidden ? await lacks(call.rights) : [])
    }
  }

  async function lacks(rights: readonly ClusterRight[]): Promise<readonly ClusterRight[]> {
    const lacking: ClusterRight[] = []
    for (const right of rights) {
      if (!(await ask({ what: 'ask for its rights', rights: [], secrets: [] }, (all) => isAllowed(all, right)))) {
        lacking.push(right)
      }
    }
    return lacking
  }

  return { server, ask, lacks }
}

async function isAllowed({ authorization }: ClusterApis, right: ClusterRight): Promise<boolean> {
  const { verb, group, resource, namespace, name } = right
  const review = await authorization.createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb, group, resource, namespace, name } } },
  })
  return review.status?.allowed === true
}

function createApis(configuration: Configuration): ClusterApis {
  return {
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
    version: new VersionApi(configuration),
  }
}

function configure(config: KubeConfig, server: string, timeoutSeconds: number): Configuration {
  const limit: Middleware = {
    async pre(context) {
      context.setSignal(AbortSignal.timeout(timeoutSeconds * 1000))
      return context
    },
    post: async (context) => context,
  }
  return createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: keepConnection(config) },
    promiseMiddleware: [limit],
  })
}

/** The library opens a connection of its own for every call otherwise. */
function keepConnection(config: KubeConfig) {
  let dispatcher: ReturnType<RequestContext['getDispatcher']>
  return {
    getName: () => config.getName(),
    async applySecurityAuthentication(context: RequestContext): Promise<void> {
      await config.applySecurityAuthentication(context).catch((error: unknown) => {
        throw credentialError(error)
      })
      dispatcher ??= context.getDispatcher()
      if (dispatcher !== undefined) context.setDispatcher(dispatcher)
    },
  }
}

function checkAuthority(config: KubeConfig): void {
  const file = config.getCurrentCluster()?.caFile
  if (file === undefined) return
  try {
    readFileSync(file)
  } catch (cause) {
    const text = `The CA bundle ${file} of the cluster cannot be read`
    throw new ProvisionError('ERR_TRUST_INVALID', text, { file }, { cause })
  }
}

/** What a login command has printed stays out of it: it may be a token. */
function credentialError(error: unknown): ProvisionError {
  const code = error instanceof Error && 'code' in error ? { code: String(error.code) } : {}
  const text = 'The credential of the kubeconfig cannot be had'
  const remedy = 'run `kubectl auth whoami`: it fails in the same way and says more'
  return new ProvisionError('ERR_CLUSTER_FORBIDDEN', text, { reason: 'credential', ...code, remedy })
}
