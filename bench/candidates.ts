// The rows of the bench before they have run: each server and the upstream in a process of its own.
import { type MeasuredServer, startServer } from './measured-process.ts'

export interface Candidate {
  readonly name: string
  readonly server: Pick<MeasuredServer, 'origin' | 'usage'>
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** The floor comes first. */
export interface StartingLine {
  readonly candidates: readonly Candidate[]
  stop(): Promise<void>
}

export async function startCandidates(): Promise<StartingLine> {
  const upstream = await startServer('dist/upstream.js', [])
  const floor = await startServer('dist/floor.js', [upstream.origin])
  const candidates = [{ name: 'floor', server: floor, path: '/public/hello', headers: {} }]
  return {
    candidates,
    async stop() {
      await Promise.all([floor.stop(), upstream.stop()])
    },
  }
}
