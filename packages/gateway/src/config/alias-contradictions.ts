// Aliases that stand in another endpoint's place, or that could not do what they are there for.
import type { Draft } from './draft.ts'
import type { AliasTarget } from './gateway-config.ts'
import { ownerOf, pathsOf } from './own-paths.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { unknownName } from './suggest.ts'

export function findAliasContradictions(draft: Draft): readonly Finding[] {
  const { endpoints } = draft.sections
  if (endpoints === undefined) return []
  return Object.entries(endpoints.aliases).flatMap(([path, target]) => {
    const key = ['endpoints', 'aliases', path]
    const owner = ownerOf(path, pathsOf(endpoints), [])
    return [
      ...(owner === undefined ? [] : [contradiction(key, `the path of endpoints.${owner}`, 'leave one of them out')]),
      ...(target.kind === 'token' ? findUngivenToken(target.realm, [...key, 'token'], draft) : []),
      ...findTakenName(target, key, draft),
    ]
  })
}

function findUngivenToken(realm: string, key: ConfigPath, { realms }: Draft): readonly Finding[] {
  const settings = realms.get(realm)
  if (settings === undefined) return [unknownName(key, 'realms', realm, [...realms.keys()])]
  if (settings.dangerouslyGiveToBrowser === true) return []
  const remedy = `write realms.${realm}.dangerouslyGiveToBrowser: true, or send it to a service with credential: { realm: ${realm} }`
  return [contradiction(key, 'pages get no token of this realm', remedy)]
}

/** Of the logout's parameters, and of the one that every alias ignores. */
const TAKEN = ['proof', 'ticket', 'sid']

function findTakenName(target: AliasTarget, key: ConfigPath, { sections }: Draft): readonly Finding[] {
  if (target.kind !== 'endpoint' || target.returnTo === null) return []
  const names = [...TAKEN, ...Object.keys(sections.login?.parameters ?? {})]
  if (!names.includes(target.returnTo)) return []
  const path = [...key, target.endpoint, 'returnTo']
  return [contradiction(path, `${target.returnTo} means something else there`, 'name another parameter')]
}
