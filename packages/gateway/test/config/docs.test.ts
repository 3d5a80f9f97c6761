// Every doorman.yaml that the documentation shows is one the gateway would take.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { configOf, warningsOf } from './support.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const PAGES = globSync(['*.md', 'docs/**/*.md', 'docs/migrate/before-after/**/*.yaml'], { cwd: ROOT })
const SECRET = 'a-secret-long-enough'
/** What older front ends go on with is doubtful by itself. */
const DOUBTS = /^docs\/migrate\/.* (?:endpoints\.alsoGet|realms\.models\.dangerouslyGiveToBrowser)$/
const ENV = { KEYCLOAK_CLIENT_SECRET: SECRET, MODEL_CLIENT_SECRET: SECRET, AGENT_SECRET: SECRET }

function configurationsOf(page: string): readonly string[] {
  const text = readFileSync(`${ROOT}${page}`, 'utf8')
  const blocks = page.endsWith('.yaml')
    ? [text]
    : [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml)
  const texts = blocks.map((yaml) => yaml.replaceAll(/\$\{file:[^}]+\}/g, SECRET))
  return texts.filter((yaml) => /^publicUrl:/m.test(yaml))
}

for (const page of PAGES) {
  for (const [index, yaml] of configurationsOf(page).entries()) {
    test(`configuration ${index + 1} of ${page} is valid and raises no doubt`, () => {
      assert.ok(Object.keys(configOf(yaml, { env: ENV }).realms).length > 0)
      const warnings = warningsOf(yaml.replaceAll(/\$\{[A-Z_]+\}/g, SECRET))
      assert.deepEqual(
        warnings.filter((warning) => !DOUBTS.test(`${page} ${warning}`)),
        [],
      )
    })
  }
}

test('the README and the reference each show a configuration', () => {
  for (const page of ['README.md', 'docs/configuration.md']) assert.ok(configurationsOf(page).length > 0, page)
})
