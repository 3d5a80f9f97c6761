import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { publicEntries, readExports, writeApiReference } from '../api-reference.ts'
import { buildPackages } from '../support/built-packages.ts'
import { readCompilerExports } from '../support/compiler-exports.ts'
import { parseStatements } from '../support/declarations.ts'
import { findDeadLinks } from '../support/links.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorman-declarations-'))
after(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('a declaration ends where the compiler ends it, with the comment above it', () => {
  const source = `import type { A } from './a.ts';
/** Says { and ; only. */
export declare const SIGNS: { readonly open: '{;'; };
/**
 * First.
 *
 * Second, with \`}\`.
 */
export interface Options {
    /** Not yet; see }. */
    readonly a?: A;
}
export declare function open(options?: Options): () => void;
declare module 'x' {
    interface Y {
        a: A;
    }
}
`
  assert.deepEqual(
    parseStatements(source).map(({ comment, text }) => [comment, text.split('\n')[0]]),
    [
      ['', "import type { A } from './a.ts';"],
      ['Says { and ; only.', "export declare const SIGNS: { readonly open: '{;'; };"],
      ['First.\n\nSecond, with `}`.', 'export interface Options {'],
      ['', 'export declare function open(options?: Options): () => void;'],
      ['', "declare module 'x' {"],
    ],
  )
})

test('an entry exports what it names of other files, and all of those it passes on', () => {
  write('kinds.d.ts', '/** One. */\nexport interface One {\n}\nexport type Two = 2;\ntype Hidden = 3;\nexport {};\n')
  write('open.d.ts', '/** Opens. */\ndeclare function start(): void;\nexport { start as open };\n')
  const entry = write(
    'index.d.ts',
    "export { open } from './open.ts';\nexport type * from './kinds.ts';\nexport declare const here = 1;\n",
  )
  assert.deepEqual(
    readExports(entry).map(({ name, comment }) => `${name} ${comment}`.trim()),
    ['here', 'One One.', 'open Opens.', 'Two'],
  )
})

test('an export without a declaration is refused', () => {
  write('empty.d.ts', 'export {};\n')
  const entry = write('broken.d.ts', "export { gone } from './empty.ts';\n")
  assert.throws(() => readExports(entry), /gone/)
})

/** As one line: the compiler leaves out tags, and both may break lines elsewhere. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

test('every entry is told with what the compiler says that it exports, and with each comment of it', async () => {
  await buildPackages()
  const told = publicEntries().map(({ name, declarations }) => ({ name, exports: readExports(declarations) }))
  const compiled = readCompilerExports()
  assert.deepEqual(
    told.map(({ name, exports }) => [
      name,
      exports.map((one) => one.name).filter((one) => !one.startsWith('declare ')),
    ]),
    compiled.map(({ name, exports }) => [name, exports.map((one) => one.name)]),
  )
  const commentOf = new Map(
    told.flatMap(({ name, exports }) => exports.map((one) => [`${name} ${one.name}`, one.comment])),
  )
  for (const { name, exports } of compiled) {
    for (const one of exports) {
      const comment = oneLine(commentOf.get(`${name} ${one.name}`) ?? '')
      assert.ok(comment.startsWith(oneLine(one.comment)), `${name} ${one.name}: ${comment}`)
    }
  }
})

test('the pages have every export as a heading, and links among them lead somewhere', async () => {
  await buildPackages()
  const pages = join(folder, 'api')
  writeApiReference(pages)
  assert.deepEqual(findDeadLinks(pages, readdirSync(pages)), [])
  const texts = readdirSync(pages).map((name) => readFileSync(join(pages, name), 'utf8'))
  for (const { name, declarations } of publicEntries()) {
    const page = texts.find((text) => text.startsWith(`# \`${name}\`\n`)) ?? assert.fail(name)
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    assert.deepEqual(
      headings,
      readExports(declarations).map((one) => one.name),
    )
    // Anchors know no capitals: two names that differ by nothing else would need links of their own.
    assert.equal(new Set(headings.map((heading) => heading?.toLowerCase())).size, headings.length, name)
  }
})
