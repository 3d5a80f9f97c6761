// Every doorman.yaml that the documentation shows is right for the provisioner, too.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '@doorman/gateway'
import { FOR_PROVISION } from '../../src/sections.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

for (const page of globSync(['*.md', 'docs/*.md'], { cwd: ROOT })) {
  const blocks = [...readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)]
  const files = blocks.map(([, yaml = '']) => yaml).filter((yaml) => /^publicUrl:/m.test(yaml))
  for (const [index, yaml] of files.entries()) {
    test(`configuration ${index + 1} of ${page} can be planned`, () => {
      const place = { file: page, env: { DOORMAN_PROVISION_SECRET: 'x' }, folder: '.' }
      const reading = parseConfig(yaml, place, FOR_PROVISION)
      assert.deepEqual(reading.kind === 'invalid' ? reading.problems : [], [])
    })
  }
}
