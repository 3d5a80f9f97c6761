// How strong a login was, by the names a realm with step-up would use.
const LEVELS: readonly string[] = ['1', 'silver', 'gold']

/** The first known value of `acr_values`; unknown ones are ignored, as Keycloak does. */
export function findAskedAcr(acrValues: string | undefined): string | undefined {
  return acrValues?.split(' ').find((value) => LEVELS.includes(value))
}

/** Whether a session that was begun with `acr` must be asked again. */
export function needsStepUp(acr: string | undefined, acrValues: string | undefined): boolean {
  const asked = findAskedAcr(acrValues)
  return asked !== undefined && LEVELS.indexOf(asked) > LEVELS.indexOf(acr ?? '1')
}

/** Keycloak says `0` when its own cookie answered instead of the person. */
export function judgeAcr(sessionAcr: string | undefined, wasAsked: boolean): string {
  const acr = sessionAcr ?? '1'
  return acr === '1' && !wasAsked ? '0' : acr
}
