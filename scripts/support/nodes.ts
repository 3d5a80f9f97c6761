// The Nodes on the PATH, so that what an older one is told can be tried.
import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Real paths, each once. */
export function findNodes(): string[] {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  return [...new Set(places.filter((place) => existsSync(place)).map((place) => realpathSync(place)))]
}

export function isOldNode(node: string): boolean {
  const [major = 0, minor = 0] = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
    .split('.')
    .map(Number)
  return major < 22 || (major === 22 && minor < 19)
}
