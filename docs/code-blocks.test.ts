// Every block of code that the documentation shows is compiled, read by what will read it, or compared with what it names.
// A language that nothing here can judge stands in `ELSEWHERE` with the reason.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { ROOT } from '../scripts/support/built-packages.ts'
import {
  type CodeBlock,
  countStrayFences,
  listPages,
  readCodeBlocks,
  readInlineCode,
} from '../scripts/support/code-blocks.ts'
import { findWrongCommands } from '../scripts/support/documented-commands.ts'
import { findConfigProblems, isOfDoorman } from '../scripts/support/documented-config.ts'
import { compileBlocks } from '../scripts/support/documented-types.ts'

const ELSEWHERE: Readonly<Record<string, string>> = {
  text: 'for people alone',
  mermaid: 'site.browser.test.ts draws them',
  python: 'code-blocks.python.test.ts compiles them',
  go: 'examples/microservices/shipping runs the same with the same libraries',
  java: 'no Java in this repository: the page says with which versions it was tried',
  csharp: 'no .NET in this repository: the page says that it was not run',
}
/** What its own test compares with sources, of which those after the move are compiled. */
const COMPARED = /^docs\/migrate\/(?!README)/
/** What older front ends go on with is doubtful by itself. */
const DOUBTS = /^docs\/migrate\/.* (?:endpoints\.alsoGet|realms\.models\.dangerouslyGiveToBrowser): a doubt$/

const blocks = listPages().flatMap(readCodeBlocks)

function of(...languages: readonly string[]): readonly CodeBlock[] {
  return blocks.filter(({ language }) => languages.includes(language))
}

function eachOf(languages: readonly string[], judge: (block: CodeBlock) => Promise<void> | void): void {
  for (const block of of(...languages)) test(`line ${block.line} of ${block.page}`, () => judge(block))
}

/** Where the commands of a page's blocks are typed: in the example that it describes, else at the root. */
function folderOf(page: string): string {
  const folder = dirname(page)
  return existsSync(join(ROOT, folder, 'package.json')) ? folder : ''
}

function feed(command: string, args: readonly string[], input: string): void {
  const { status, stderr } = spawnSync(command, args, { input, encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
}

test('every block names a language that is judged here, or has a reason', () => {
  const judged = ['ts', 'tsx', 'yaml', 'json', 'sh', ...Object.keys(ELSEWHERE)]
  const others = blocks.filter(({ language }) => !judged.includes(language))
  assert.deepEqual(
    others.map(({ page, line, language }) => `${page}:${line} ${language}`),
    [],
  )
  assert.deepEqual(
    listPages().filter((page) => countStrayFences(page) > 0),
    [],
  )
})

test('TypeScript compiles', () => {
  const shown = of('ts', 'tsx').filter(({ page }) => !COMPARED.test(page))
  assert.ok(shown.length > 20)
  assert.equal(compileBlocks(shown), '')
})

suite('configurations are read by the gateway', () => {
  const files = globSync('docs/migrate/before-after/**/doorman.yaml', { cwd: ROOT })
  const whole = files.map((page) => ({ page, line: 1, code: readFileSync(join(ROOT, page), 'utf8') }))
  for (const { page, line, code } of [...of('yaml'), ...whole]) {
    test(`line ${line} of ${page}`, () => {
      const problems = isOfDoorman(code) ? findConfigProblems(page, code) : []
      assert.deepEqual(
        problems.filter((problem) => !DOUBTS.test(`${page} ${problem}`)),
        [],
      )
      assert.notEqual(parse(code), null)
    })
  }
})

suite('JSON is JSON', () => eachOf(['json'], ({ code }) => void JSON.parse(code)))

suite('commands exist, with their options', () => {
  eachOf(['sh'], async ({ page, code }) => {
    feed('bash', ['-n'], code)
    assert.deepEqual(await findWrongCommands([folderOf(page)], code), [])
  })
})

suite('commands that the text names exist, with their options', () => {
  for (const page of listPages()) {
    const named = readInlineCode(page).filter((code) => /^(npm (run|start|test)|(npx )?doorman [a-z])/.test(code))
    if (named.length > 0)
      test(page, async () => assert.deepEqual(await findWrongCommands([folderOf(page), ''], named.join('\n')), []))
  }
})
