// What cannot hold together although each key is right by itself.
import { isLoopbackHost } from '../kernel/loopback.ts'
import { isPlainRemote } from './addresses.ts'
import { findAliasContradictions } from './alias-contradictions.ts'
import { findCallerContradictions } from './caller-contradictions.ts'
import { findCredentialContradictions } from './credential-contradictions.ts'
import type { Draft } from './draft.ts'
import { findFrontendContradictions } from './frontend-contradictions.ts'
import type { ListenAddress } from './gateway-config.ts'
import { isOwnedBy, pathsOf } from './own-paths.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { findRealmContradictions } from './realm-contradictions.ts'
import { findRequirementContradictions } from './requirement-contradictions.ts'
import { findRouteContradictions } from './route-contradictions.ts'
import { findStoreContradictions } from './store-contradictions.ts'

const RULES: readonly ((draft: Draft) => readonly Finding[])[] = [
  findPlainPublicUrl,
  findUnenforceablePrefix,
  findFrontendContradictions,
  findRealmContradictions,
  findSharedPorts,
  findSessionLimits,
  findStoreContradictions,
  findEqualEndpoints,
  findAliasContradictions,
  findRouteContradictions,
  findRequirementContradictions,
  findCredentialContradictions,
  findCallerContradictions,
]

export function findContradictions(draft: Draft): readonly Finding[] {
  return RULES.flatMap((rule) => rule(draft))
}

function findPlainPublicUrl({ sections: { publicUrl } }: Draft): readonly Finding[] {
  if (publicUrl === undefined || !isPlainRemote(publicUrl)) return []
  return [
    contradiction(
      ['publicUrl'],
      'http: is for loopback only, cookies would cross the network in clear',
      'write https:',
    ),
  ]
}

function findUnenforceablePrefix({ sections: { publicUrl }, states }: Draft): readonly Finding[] {
  if (!publicUrl?.startsWith('http:') || !states(['cookies', 'prefix'])) return []
  return [contradiction(['cookies', 'prefix'], 'browsers accept this prefix over https: only, and publicUrl is http:')]
}

function findSharedPorts({ sections: { listen, operator } }: Draft): readonly Finding[] {
  const used: readonly (readonly [ConfigPath, ListenAddress | undefined])[] = [
    [['listen'], listen],
    [['operator', 'listen'], operator?.listen],
    [['operator', 'probes'], operator?.probes],
  ]
  return used.flatMap(([path, address], index) => {
    const earlier = used.slice(0, index).find(([, other]) => address && other && collide(address, other))
    return earlier === undefined ? [] : [contradiction(path, `the same port as ${earlier[0].join('.')}`)]
  })
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

function collide(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0) return false
  return hostName(a) === hostName(b) || WILDCARDS.has(a.host) || WILDCARDS.has(b.host)
}

function hostName({ host }: ListenAddress): string {
  return isLoopbackHost(host) ? 'loopback' : host.toLowerCase()
}

function findSessionLimits({ sections: { session } }: Draft): readonly Finding[] {
  if (session === undefined || session.idle <= session.absolute) return []
  return [contradiction(['session', 'idle'], 'longer than session.absolute, so it could never end a session')]
}

function findEqualEndpoints({ sections: { endpoints } }: Draft): readonly Finding[] {
  if (endpoints === undefined) return []
  const entries = Object.entries(pathsOf(endpoints))
  return entries.flatMap(([name, path], index) => {
    const earlier = entries
      .slice(0, index)
      .find(([other, owned]) => isOwnedBy(other, owned, path) || isOwnedBy(name, path, owned))
    return earlier === undefined ? [] : [contradiction(['endpoints', name], `the path of endpoints.${earlier[0]}`)]
  })
}
