// Services that could never be given the credential of another one.
import type { Draft } from './draft.ts'
import { type ConfigPath, contradiction, type Finding } from './problems.ts'
import { unknownName } from './suggest.ts'

export function findCallerContradictions(draft: Draft): readonly Finding[] {
  return [...draft.services].flatMap(([name, { callers = [], credential }]) => {
    const path = ['services', name, 'callers']
    return [
      ...(callers.length > 0 && credential?.kind === 'none' ? [nothingToAskFor(path)] : []),
      ...callers.flatMap((caller, index) => findCallerProblem(caller, [...path, index], draft)),
    ]
  })
}

function nothingToAskFor(path: ConfigPath): Finding {
  return contradiction(path, 'this service receives no credential', 'write the one it receives, or leave callers out')
}

function findCallerProblem(caller: string, path: ConfigPath, draft: Draft): readonly Finding[] {
  if (!draft.services.has(caller)) return [unknownName(path, 'services', caller, [...draft.services.keys()])]
  if (!draft.states(['services', caller, 'auth'])) {
    return [contradiction(path, 'this service cannot prove itself', `write services.${caller}.auth`)]
  }
  if (mayReceiveInternal(caller, draft)) return []
  const message = 'it asks with the internal token it was called with, and receives none'
  return [contradiction(path, message, `write services.${caller}.credential: internal`)]
}

/** Also where that could not be understood. */
function mayReceiveInternal(service: string, { services, routes }: Draft): boolean {
  const ofRoutes = routes.filter((route) => route.service === service).flatMap((route) => route.credential ?? [])
  const own = services.get(service)?.credential
  return own === undefined || [own, ...ofRoutes].some(({ kind }) => kind === 'internal')
}
