// Realms nobody could use, or not as written.
import type { Draft, RealmDraft } from './draft.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { unknownName } from './suggest.ts'

/** One realm, where it stands, and whether it says how its tokens are had, in whatever words. */
interface Named {
  readonly name: string
  readonly realm: RealmDraft
  readonly path: ConfigPath
  readonly isObtained: boolean
}

export function findRealmContradictions(draft: Draft): readonly Finding[] {
  const all = [...draft.realms].map(([name, realm]): Named => {
    return { name, realm, path: ['realms', name], isObtained: isObtained(name, draft) }
  })
  return [
    ...findNoLogin(all, draft),
    ...all.flatMap((named, index) => [
      ...findMissingOpenid(named),
      ...findUselessIntrospection(named),
      ...findServedTokens(named, draft),
      ...findBrowserTokens(named),
      ...findTwin(named, all.slice(0, index)),
    ]),
  ]
}

export function isObtained(realm: string, { states }: Pick<Draft, 'states'>): boolean {
  return states(['realms', realm, 'obtain'])
}

function findNoLogin(all: readonly Named[], { sections }: Draft): readonly Finding[] {
  if (all.length === 0) {
    return sections.realms === undefined ? [] : [contradiction(['realms'], 'expected at least one realm, found none')]
  }
  if (all.some(({ isObtained }) => !isObtained)) return []
  return [contradiction(['realms'], 'people can log in to none of them', 'leave obtain out of one')]
}

function findMissingOpenid({ realm: { scopes, obtain }, path, isObtained }: Named): readonly Finding[] {
  if (scopes === undefined || scopes.includes('openid')) return []
  if (isObtained && obtain?.kind !== 'login') return []
  return [contradiction([...path, 'scopes'], 'a login asks for openid, and this list lacks it', 'add openid')]
}

function findUselessIntrospection({ realm, path, isObtained }: Named): readonly Finding[] {
  if (realm.introspect !== true || !isObtained) return []
  const message = 'bearer tokens of a realm that has obtain are never accepted, so there is nothing to ask'
  return [contradiction([...path, 'introspect'], message, 'leave it out')]
}

function findServedTokens({ realm: { services = [] }, path, isObtained }: Named, draft: Draft): readonly Finding[] {
  if (services.length > 0 && !isObtained) {
    const message = 'only tokens of a realm with obtain are given to services'
    return [contradiction([...path, 'services'], message, 'write how they are had in obtain, or leave services out')]
  }
  return services.flatMap((service, index) => {
    const key = [...path, 'services', index]
    if (!draft.services.has(service)) return [unknownName(key, 'services', service, [...draft.services.keys()])]
    if (draft.states(['services', service, 'auth'])) return []
    return [contradiction(key, 'this service cannot prove itself', `write services.${service}.auth`)]
  })
}

function findBrowserTokens({ realm, path, isObtained }: Named): readonly Finding[] {
  if (realm.dangerouslyGiveToBrowser !== true) return []
  const key = [...path, 'dangerouslyGiveToBrowser']
  if (!isObtained) {
    return [contradiction(key, 'people log in to this realm, and those tokens never leave the server', 'leave it out')]
  }
  if (realm.obtain?.kind !== 'clientCredentials') return []
  const message = 'the token of a service account is nothing for a browser'
  return [contradiction(key, message, 'write obtain: jwtGrant or obtain: login, or leave it out')]
}

function findTwin({ realm, path }: Named, earlier: readonly Named[]): readonly Finding[] {
  const { issuer, clientId } = realm
  const twin = earlier.find((other) => other.realm.issuer === issuer && other.realm.clientId === clientId)
  if (issuer === undefined || clientId === undefined || twin === undefined) return []
  const message = `the same issuer and client as realms.${twin.name}`
  return [contradiction([...path, 'clientId'], message, 'give each a client of its own, or keep one of them')]
}
