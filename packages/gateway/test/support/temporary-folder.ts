import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** A folder of its owner alone (0700) that goes when the tests of this file or block are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
