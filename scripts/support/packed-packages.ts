// Our packages as npm would publish them, for projects that know nothing of this repository. Needs dist/.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** `names`: folders of packages/. Paths of the tarballs, which it writes into a new folder. */
export function packPackages(names: readonly string[], folder: string): readonly string[] {
  mkdirSync(folder)
  return names.map((name) => {
    const output = npm(['pack', '--json', '--pack-destination', folder], join('packages', name))
    const [packed]: ReadonlyArray<{ filename: string; entryCount: number }> = JSON.parse(output)
    if (packed === undefined) throw new Error(`npm packed nothing of ${name}`)
    console.log(`packed ${packed.filename}: ${packed.entryCount} files`)
    return join(folder, packed.filename)
  })
}

export function installPackages(tarballs: readonly string[], project: string): void {
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], project)
}

function npm(words: readonly string[], cwd: string): string {
  return execFileSync('npm', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
