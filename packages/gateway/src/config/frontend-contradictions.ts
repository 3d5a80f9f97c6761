// Front ends whose people could not log in.
import { isPlainRemote } from './addresses.ts'
import type { Draft } from './draft.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { isObtained } from './realm-contradictions.ts'
import { isSameSite } from './site.ts'
import { unknownName } from './suggest.ts'

type Frontend = NonNullable<Draft['sections']['frontends']>[number]

export function findFrontendContradictions(draft: Draft): readonly Finding[] {
  const { frontends = [] } = draft.sections
  return frontends.flatMap((frontend, index) => {
    const path = ['frontends', index]
    return [
      ...findPlainOrigin(frontend, path),
      ...findRepeatedOrigin(frontend, path, frontends.slice(0, index)),
      ...findUnsentCookie(frontend, path, draft),
      ...findWrongRealm(frontend, path, draft),
    ]
  })
}

function findPlainOrigin({ origin }: Frontend, path: ConfigPath): readonly Finding[] {
  return isPlainRemote(origin) ? [contradiction([...path, 'origin'], 'http: is for loopback only')] : []
}

function findRepeatedOrigin({ origin }: Frontend, path: ConfigPath, earlier: readonly Frontend[]): readonly Finding[] {
  const index = earlier.findIndex((other) => other.origin === origin)
  return index === -1 ? [] : [contradiction([...path, 'origin'], `the same origin as frontends[${index}]`)]
}

// Browsers take `SameSite=None` together with `Secure` only, and there is no `Secure` over http:.
function findUnsentCookie({ origin }: Frontend, path: ConfigPath, { sections }: Draft): readonly Finding[] {
  const { publicUrl } = sections
  if (!publicUrl?.startsWith('http:') || isSameSite(origin, publicUrl)) return []
  const message = 'on another site than publicUrl, and over http: no browser sends a cookie there'
  return [contradiction([...path, 'origin'], message, "write publicUrl's own host, or publish it over https:")]
}

function findWrongRealm({ realm }: Frontend, path: ConfigPath, draft: Draft): readonly Finding[] {
  if (realm === undefined) return []
  const key = [...path, 'realm']
  if (!draft.realms.has(realm)) return [unknownName(key, 'realms', realm, [...draft.realms.keys()])]
  if (!isObtained(realm, draft)) return []
  return [contradiction(key, 'nobody logs in to a realm that has obtain', 'name a realm without obtain')]
}
