import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { parseEnv as nodeParsesEnv } from 'node:util'
import { formatEnv, parseEnv, quotedKeys } from '../../src/secrets/env-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorman-env-'))
after(() => rmSync(folder, { recursive: true }))

const PLAIN = {
  SECRET: 'xTFHz2-_cT0rWKQx4JsjERHdUnJy3aTP3ZKjyXReUdXgC9i',
  URL: 'http://keycloak:8080/realms/main/protocol/openid-connect/token',
  BASE64: 'ab+c/d==',
  EMPTY: '',
}
const ODD = {
  SCOPE: 'openid email profile',
  DOLLAR: 'a$HOME$(id)`id`',
  HASH: 'a#b # c',
  QUERY: 'https://h/?a=b&c=d;e|f<g>h(i)*~!',
  DOUBLE: '{"a": "b"}',
  EDGES: ' x ',
  WORD: 'żółć',
}

/** As POSIX shells read it: `set -a; . file`. */
function shellReads(text: string, name: string): string {
  const file = join(folder, 'env')
  writeFileSync(file, text)
  return execFileSync('sh', ['-c', `. "$1"; printf %s "$${name}"`, 'sh', file], { encoding: 'utf8' })
}

/** As `docker run --env-file` reads it: up to the end of the line, without a thought about quotes. */
function dockerReads(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

suite('every reader of .env files reads what was written', () => {
  const text = `# ours\n${formatEnv({ ...PLAIN, ...ODD })}`
  for (const [name, value] of Object.entries({ ...PLAIN, ...ODD })) {
    test(name, () => {
      assert.equal(nodeParsesEnv(text)[name], value)
      assert.equal(shellReads(text, name), value)
      assert.equal(parseEnv(text)[name], value)
    })
  }
})

test('docker run --env-file reads the same, but for values that are said to be in quotes', () => {
  const all = { ...PLAIN, ...ODD }
  const read = dockerReads(formatEnv(all))
  const differing = Object.entries(all).flatMap(([name, value]) => (read[name] === value ? [] : [name]))
  assert.deepEqual(differing, Object.keys(ODD))
  assert.deepEqual(quotedKeys(all), Object.keys(ODD))
})

suite('a value that readers do not agree on is refused, without being told', () => {
  const rows = {
    'a single quote': "can'ary",
    'a line break': 'can\nary',
    'a return': 'can\rary',
    'a backslash': 'can\\ary',
  }
  for (const [what, value] of Object.entries(rows)) {
    test(what, () => {
      assert.throws(
        () => formatEnv({ KEY: value }),
        (error: Error & { code?: string; detail?: unknown }) => {
          assert.equal(error.code, 'ERR_DELIVERY_FAILED')
          assert.deepEqual(error.detail, { reason: 'env', key: 'KEY' })
          return !`${error.message}${error.stack}`.includes('ary')
        },
      )
    })
  }
})

test('a name that no shell takes is refused', () => {
  for (const name of ['spring.security', 'A-B', '1A', '', 'A B']) {
    assert.throws(() => formatEnv({ [name]: 'x' }), { code: 'ERR_DELIVERY_FAILED' })
  }
})
