/** What a preparation or a start is doing. `seconds` is how long the step took. */
export type KeycloakProgress =
  | { readonly kind: 'started'; readonly step: string }
  | { readonly kind: 'finished'; readonly step: string; readonly seconds: number }

export type ProgressListener = (progress: KeycloakProgress) => void

export async function timed<Result>(
  step: string,
  onProgress: ProgressListener,
  work: () => Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now()
  onProgress({ kind: 'started', step })
  const result = await work()
  onProgress({ kind: 'finished', step, seconds: (performance.now() - startedAt) / 1000 })
  return result
}
