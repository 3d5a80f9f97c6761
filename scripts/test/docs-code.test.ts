// The TypeScript that the documentation shows compiles, each block as a file of its own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
/** What a block may take from the service it stands in. */
const AMBIENT = "declare const token: string\ndeclare const app: import('express').Express\n"

/** Below node_modules, so that packages are found as in the repository. */
function writeBlocks(): { readonly directory: string; readonly count: number } {
  const cache = join(ROOT, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'docs-code-'))
  let count = 0
  for (const page of globSync(['*.md', 'docs/*.md', 'examples/*/*.md'], { cwd: ROOT })) {
    for (const [, code = ''] of readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)) {
      count += 1
      writeFileSync(join(directory, `${page.replaceAll(/[/.]/g, '-')}-${count}.ts`), `${code}export {}\n`)
    }
  }
  writeFileSync(join(directory, 'ambient.d.ts'), AMBIENT)
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const lib = ['es2024', 'esnext.iterator', 'esnext.collection', 'dom', 'dom.iterable']
  const compilerOptions = { noEmit: true, customConditions: ['@doorman/source'], noUnusedLocals: false, lib }
  const configuration = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(configuration))
  return { directory, count }
}

test('the code blocks of the documentation compile', () => {
  const { directory, count } = writeBlocks()
  try {
    assert.ok(count > 0)
    const { stdout, status } = spawnSync(process.execPath, [COMPILER, '-p', directory], { encoding: 'utf8' })
    assert.deepEqual([status, stdout], [0, ''])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
