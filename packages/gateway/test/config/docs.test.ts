// Every doorman.yaml that the documentation shows is one the gateway would take.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { configOf, warningsOf } from './support.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const PAGES = globSync(['*.md', 'docs/*.md'], { cwd: ROOT })
const SECRET = 'a-secret-long-enough'
const ENV = { KEYCLOAK_CLIENT_SECRET: SECRET, MODEL_CLIENT_SECRET: SECRET, AGENT_SECRET: SECRET }

function configurationsOf(page: string): readonly string[] {
  const blocks = readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)
  const texts = [...blocks].map(([, yaml = '']) => yaml.replaceAll(/\$\{file:[^}]+\}/g, SECRET))
  return texts.filter((yaml) => /^publicUrl:/m.test(yaml))
}

for (const page of PAGES) {
  for (const [index, yaml] of configurationsOf(page).entries()) {
    test(`configuration ${index + 1} of ${page} is valid and raises no doubt`, () => {
      assert.ok(configOf(yaml, { env: ENV }).routes.length > 0)
      assert.deepEqual(warningsOf(yaml.replaceAll(/\$\{[A-Z_]+\}/g, SECRET)), [])
    })
  }
}

test('the README and the reference each show a configuration', () => {
  for (const page of ['README.md', 'docs/configuration.md']) assert.ok(configurationsOf(page).length > 0, page)
})
