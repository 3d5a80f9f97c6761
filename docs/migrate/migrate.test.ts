// The pages say how long the same application is before and after, and show parts of it. Both are as they say.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const FOLDER = import.meta.dirname
const NAMES = ['auth-js', 'oauth2-proxy', 'fastapi-bff', 'fastapi-gateway'] as const

const pageOf = (name: string) => readFileSync(join(FOLDER, `${name}.md`), 'utf8')

function sourcesOf(name: string, side: 'before' | 'after'): readonly string[] {
  const folder = join(FOLDER, 'before-after', name, side)
  const files = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
}

/** Neither empty nor a comment. */
function countLines(sources: readonly string[]): number {
  return sources.flatMap((source) => source.split('\n')).filter((line) => /^\s*(?!\/\/|#)\S/.test(line)).length
}

for (const name of NAMES) {
  test(`${name} is as long as its page says, before and after`, () => {
    const before = countLines(sourcesOf(name, 'before'))
    const after = countLines(sourcesOf(name, 'after'))
    assert.ok(readFileSync(join(FOLDER, 'README.md'), 'utf8').includes(`(${name}.md) | ${before} → ${after} |`))
    const page = pageOf(name)
    const told = [...page.matchAll(/\b(\d+) lines/g)].map(([, lines]) => Number(lines))
    assert.deepEqual(told, [before, after])
    assert.ok(after < before)
  })

  test(`what the page of ${name} shows stands in its sources, or is a configuration of its own`, () => {
    const sources = [...sourcesOf(name, 'before'), ...sourcesOf(name, 'after')]
    for (const [, language = '', block = ''] of pageOf(name).matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
      const isOwn = language === 'yaml' && block.startsWith('publicUrl:')
      assert.ok(isOwn || sources.some((source) => source.includes(block)), block)
    }
  })

  test(`the configuration of ${name} is on its page as a whole`, () => {
    const [yaml] = sourcesOf(name, 'after').filter((source) => source.startsWith('publicUrl:'))
    assert.ok(yaml !== undefined && pageOf(name).includes(`\`\`\`yaml\n${yaml}\`\`\``))
  })
}
