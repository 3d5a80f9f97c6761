// Doubts about realms and the tokens that are had from them.
import type { Credential, GatewayConfig } from './gateway-config.ts'
import { type ConfigPath, doubt, type Finding } from './problems.ts'

export function findRealmDoubts(config: GatewayConfig): readonly Finding[] {
  return [
    ...findGivenTokens(config),
    ...findUnusedRealms(config),
    ...findUnaskedIntrospection(config),
    ...findSharedAudiences(config),
    ...findServicesWithoutToken(config),
    ...findLentAccounts(config),
  ]
}

function findGivenTokens({ realms }: GatewayConfig): readonly Finding[] {
  return Object.entries(realms).flatMap(([name, { dangerouslyGiveToBrowser }]) => {
    const message = 'scripts of a page can read these tokens and send them anywhere'
    return dangerouslyGiveToBrowser ? [doubt(['realms', name, 'dangerouslyGiveToBrowser'], message)] : []
  })
}

function findUnusedRealms(config: GatewayConfig): readonly Finding[] {
  const { realms, frontends, routes } = config
  const credentials = listCredentials(config).map(({ credential }) => credential)
  const takesBearers = routes.some(takesBearer)
  return Object.entries(realms).flatMap(([name, { obtain, services, dangerouslyGiveToBrowser }]) => {
    if (obtain === null) {
      const isUsed = takesBearers || frontends.some(({ realm }) => realm === name)
      return isUsed ? [] : [doubt(['realms', name], 'nobody logs in to it: no front end names it')]
    }
    const isSent = credentials.some((credential) => credential.kind === 'realm' && credential.realm === name)
    const isUsed = isSent || services.length > 0 || dangerouslyGiveToBrowser
    return isUsed ? [] : [doubt(['realms', name], 'no route, service or front end gets a token of it')]
  })
}

function findUnaskedIntrospection({ realms, routes }: GatewayConfig): readonly Finding[] {
  if (routes.some(takesBearer)) return []
  return Object.entries(realms).flatMap(([name, { introspect }]) =>
    introspect ? [doubt(['realms', name, 'introspect'], 'no route takes bearer tokens')] : [],
  )
}

function takesBearer({ require: rules }: GatewayConfig['routes'][number]): boolean {
  return rules !== 'none' && rules.via.includes('bearer')
}

function findSharedAudiences(config: GatewayConfig): readonly Finding[] {
  const internal = listCredentials(config).flatMap(({ credential, ...place }) =>
    credential.kind === 'internal' ? [{ ...place, audience: credential.audience }] : [],
  )
  return internal.flatMap(({ audience, service, path }, index) => {
    const other = internal.slice(0, index).find((each) => each.audience === audience && each.service !== service)
    if (other === undefined) return []
    return [doubt(path, `the same audience as ${other.service}: each accepts the other's tokens`)]
  })
}

function findServicesWithoutToken(config: GatewayConfig): readonly Finding[] {
  const credentials = listCredentials(config)
  const receives = (name: string) =>
    credentials.some(({ service, credential }) => service === name && credential.kind === 'internal')
  return Object.entries(config.realms).flatMap(([realm, { services }]) =>
    services.flatMap((name, index) =>
      receives(name)
        ? []
        : [doubt(['realms', realm, 'services', index], 'it asks with an internal token, and no route sends it one')],
    ),
  )
}

function findLentAccounts({ services }: GatewayConfig): readonly Finding[] {
  const message = "they receive the gateway's own token and all that it opens, whoever they were called for"
  return Object.entries(services).flatMap(([name, { callers, credential }]) =>
    callers.length > 0 && credential.kind === 'serviceAccount' ? [doubt(['services', name, 'callers'], message)] : [],
  )
}

interface SentCredential {
  readonly credential: Credential
  readonly service: string
  readonly path: ConfigPath
}

/** Those of the services, and those with which routes replace them. */
function listCredentials({ services, routes }: GatewayConfig): readonly SentCredential[] {
  const ofServices = Object.entries(services).map(([service, { credential }]): SentCredential => {
    return { credential, service, path: ['services', service, 'credential'] }
  })
  const ofRoutes = routes.flatMap(({ credential, service }, index): readonly SentCredential[] => {
    const isOwn = credential !== services[service]?.credential
    return isOwn ? [{ credential, service, path: ['routes', index, 'credential'] }] : []
  })
  return [...ofServices, ...ofRoutes]
}
