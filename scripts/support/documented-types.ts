// The TypeScript that the documentation shows, compiled in one run. Blocks below one heading are one application: one that
// begins with the name of a file is that file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './built-packages.ts'
import type { CodeBlock } from './code-blocks.ts'

const CACHE = join(ROOT, 'node_modules', '.cache')
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
/** What a block may take from the service or application it stands in. */
const AMBIENT = `declare const token: string
declare const app: import('express').Express
declare const doorman: import('@doorman/nextjs').Doorman
`
const DOORMAN = `import { createDoorman } from '@doorman/nextjs'

export const doorman = createDoorman({ config: 'doorman.yaml' })
`
const OPTIONS = {
  noEmit: true,
  module: 'esnext',
  moduleResolution: 'bundler',
  jsx: 'react-jsx',
  customConditions: ['@doorman/source'],
  lib: ['es2024', 'esnext.iterator', 'esnext.collection', 'dom', 'dom.iterable'],
  noUnusedLocals: false,
  noUncheckedSideEffectImports: false,
}

/** What the compiler says; empty when all is well. */
export function compileBlocks(blocks: readonly CodeBlock[]): string {
  mkdirSync(CACHE, { recursive: true })
  // Below node_modules packages are found as in the repository.
  const folder = mkdtempSync(join(CACHE, 'docs-code-'))
  try {
    const applications = new Set(blocks.map((block) => writeBlock(folder, block)))
    for (const application of applications) writeDoorman(application)
    writeFileSync(join(folder, 'ambient.d.ts'), AMBIENT)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const configuration = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions: OPTIONS, include: ['**/*'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    return spawnSync(process.execPath, [COMPILER, '-p', folder], { encoding: 'utf8' }).stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The folder of its application. Throws where two blocks below one heading are the same file. */
function writeBlock(folder: string, { page, section, line, language, code }: CodeBlock): string {
  const application = join(folder, `${page} ${section}`.replaceAll(/[^\w]+/g, '-'))
  const named = /^\/\/ (\S+\.tsx?)\n/.exec(code)?.[1]
  const file = join(application, named ?? `line-${line}.${language}`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${code}export {}\n`, { flag: 'wx' })
  return application
}

/** What its other files import, where the page has shown it before. */
function writeDoorman(application: string): void {
  const file = join(application, 'doorman.ts')
  if (!existsSync(file)) writeFileSync(file, DOORMAN)
}
