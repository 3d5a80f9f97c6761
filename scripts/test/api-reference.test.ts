import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readExports } from '../api-reference.ts'
import { parseStatements } from '../support/declarations.ts'

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
