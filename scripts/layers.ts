// Which imports break the layers. Pure: sources come in as text, violations go out as lines.
import { posix } from 'node:path'
import { PACKAGE_LAYERS, ROOM_LAYERS } from './layer-table.ts'

export interface SourceFile {
  /** From the root of the repository, with `/`: `packages/gateway/src/http/reply.ts`. */
  readonly path: string
  readonly source: string
}

interface Place {
  readonly package: string
  /** Below `src`: `http/reply.ts`. */
  readonly file: string
}

const WORKSPACE_SCOPE = '@doorman/'

// Biome keeps every declaration at the start of a line and spells it this way; types count as well as values.
const DECLARATION = /^(?:import|export)\b(?:[^'";]*?\bfrom\s*|\s*)['"]([^'"\n]+)['"]/gm
const DYNAMIC = /\bimport\(\s*(?:(['"])([^'"\n]+)\1)?/g

/** Specifiers of every import, re-export and dynamic import; `?` for a dynamic import that cannot be read. */
export function scanImports(source: string): string[] {
  const code = source.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const declared = [...code.matchAll(DECLARATION)].map((match) => match[1] ?? '?')
  const dynamic = [...code.matchAll(DYNAMIC)].map((match) => match[2] ?? '?')
  return [...declared, ...dynamic]
}

export function findViolations(files: readonly SourceFile[]): string[] {
  const arrows = files.flatMap((file) => scanImports(file.source).map((specifier) => ({ file, specifier })))
  const forbidden = arrows.flatMap(({ file, specifier }) => {
    const because = judgeImport(file.path, specifier)
    return because === undefined ? [] : [`${file.path} imports ${specifier}: ${because}`]
  })
  return [...forbidden, ...findCircles(files)]
}

/** Why the import is forbidden; undefined when it is allowed. */
export function judgeImport(path: string, specifier: string): string | undefined {
  const from = parsePlace(path)
  if (from === undefined) return 'the file is in no package'
  if (specifier === '?') return 'a dynamic import must name what it imports'
  if (specifier.startsWith(WORKSPACE_SCOPE)) return judgePackage(from, specifier.split('/')[1] ?? '')
  if (!specifier.startsWith('.')) return undefined
  const resolved = posix.join(posix.dirname(path), specifier)
  if (resolved === `packages/${from.package}/package.json`) return undefined
  const to = parsePlace(resolved)
  if (to?.package !== from.package) return `it leaves packages/${from.package}/src`
  return judgeRoom(from, to)
}

function judgePackage(from: Place, name: string): string | undefined {
  const allowed = PACKAGE_LAYERS[from.package]
  if (allowed === undefined) return `package ${from.package} stands in no table`
  if (!allowed.includes(name)) return `${from.package} may import ${listOf(allowed)}`
  const rooms = ROOM_LAYERS[from.package]
  if (rooms === undefined || isRoot(from)) return undefined
  const room = roomOf(from)
  return rooms[room]?.includes(WORKSPACE_SCOPE + name) ? undefined : `${room} may not import packages`
}

function judgeRoom(from: Place, to: Place): string | undefined {
  const rooms = ROOM_LAYERS[from.package]
  if (rooms === undefined || isRoot(from)) return undefined
  const [room, other] = [roomOf(from), roomOf(to)]
  const allowed = rooms[room]
  if (allowed === undefined) return `${room} stands in no table`
  if (room === other || allowed.includes(other) || allowed.includes(to.file)) return undefined
  return `${room} may import ${listOf(allowed)}`
}

function parsePlace(path: string): Place | undefined {
  const [, name, file] = /^packages\/([^/]+)\/src\/(.+)$/.exec(path) ?? []
  return name === undefined || file === undefined ? undefined : { package: name, file }
}

/** Files beside the rooms connect everything, and no room imports them. */
function isRoot(place: Place): boolean {
  return !place.file.includes('/')
}

function roomOf(place: Place): string {
  return place.file.split('/')[0] ?? place.file
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'nothing of ours' : `only ${names.join(', ')}`
}

/** Every circle between files once, as `a -> b -> a`. */
export function findCircles(files: readonly SourceFile[]): string[] {
  const sources = new Map(files.map((file) => [file.path, file.source]))
  const finished = new Set<string>()
  const circles: string[] = []

  function visit(path: string, way: readonly string[]): void {
    const start = way.indexOf(path)
    if (start !== -1) {
      circles.push(`circle: ${[...way.slice(start), path].join(' -> ')}`)
      return
    }
    if (finished.has(path)) return
    for (const imported of importedFiles(path, sources)) visit(imported, [...way, path])
    finished.add(path)
  }

  for (const path of sources.keys()) visit(path, [])
  return circles
}

function importedFiles(path: string, sources: ReadonlyMap<string, string>): string[] {
  return scanImports(sources.get(path) ?? '')
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier))
    .filter((resolved) => sources.has(resolved))
}
