/** Seconds before the end of a session; a quarter and an eighth of a short idle limit, so that it is not all warnings. */
const WARNINGS = [
  { seconds: 120, share: 1 / 4 },
  { seconds: 30, share: 1 / 8 },
] as const

/** The earliest first. */
export function warningsBefore(idleSeconds: number): readonly number[] {
  return WARNINGS.map(({ seconds, share }) => Math.min(seconds, idleSeconds * share))
}
