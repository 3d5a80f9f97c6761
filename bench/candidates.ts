// The rows of the bench before they have run: each server and the upstream in a process of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MeasuredServer, startServer } from './measured-process.ts'
import { startDoorman } from './start-doorman.ts'

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
  const folder = mkdtempSync(join(tmpdir(), 'doorman-bench-'))
  const upstream = await startServer('dist/upstream.js', [])
  const floor = await startServer('dist/floor.js', [upstream.origin])
  const doorman = await startDoorman(upstream.origin, folder)
  return {
    candidates: [{ name: 'floor', server: floor, path: '/public/hello', headers: {} }, ...doorman.candidates],
    async stop() {
      await Promise.all([floor.stop(), doorman.stop()])
      await upstream.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
