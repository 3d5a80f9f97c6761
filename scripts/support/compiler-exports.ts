// What the compiler itself says that the packages export. Its interface is unstable by its own name: a test may ask it as a
// witness, and nothing that is built does.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { API, type Project, SymbolFlags } from 'typescript/unstable/sync'
import { PACKAGES } from '../api-reference.ts'
import { ROOT } from './built-packages.ts'

export interface CompiledEntry {
  /** As it is imported. */
  readonly name: string
  /** By name. A comment is without its tags. */
  readonly exports: readonly { readonly name: string; readonly comment: string }[]
}

const BROWSER_SOURCES = './src/browser/'

/** From the sources. Throws where the compiler does not know an entry. */
export function readCompilerExports(): readonly CompiledEntry[] {
  const compiler = new API({ cwd: ROOT })
  try {
    return PACKAGES.flatMap((folder) => readPackage(compiler, join(ROOT, 'packages', folder)))
  } finally {
    compiler.close()
  }
}

function readPackage(compiler: API, folder: string): readonly CompiledEntry[] {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const entries = Object.entries<{ readonly '@doorman/source'?: string }>(exports)
  return entries.flatMap(([entry, { '@doorman/source': source }]) => {
    if (source === undefined) return []
    const project = join(folder, source.startsWith(BROWSER_SOURCES) ? 'tsconfig.browser.json' : 'tsconfig.build.json')
    const opened = compiler.updateSnapshot({ openProjects: [project] }).getProject(project)
    return [{ name: join(name, entry), exports: exportsOf(opened, join(folder, source)) }]
  })
}

function exportsOf(project: Project | undefined, file: string): CompiledEntry['exports'] {
  const source = project?.program.getSourceFile(file)
  const entry = source && project?.checker.getSymbolAtLocation(source)
  if (project === undefined || entry === undefined) throw new Error(`${file} is not in its project`)
  const { checker } = project
  const found = checker.getExportsOfModule(entry).map((symbol) => {
    const declared = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return { name: symbol.name, comment: checker.getDocumentationCommentOfSymbol(declared) }
  })
  return found.toSorted((a, b) => a.name.localeCompare(b.name))
}
