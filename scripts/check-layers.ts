// Reads the imports of all sources and refuses whatever the tables in layer-table.ts do not allow.
import { globSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { findViolations } from './layers.ts'

const files = globSync('packages/*/src/**/*.ts').map((path) => ({
  path: path.split(sep).join('/'),
  source: readFileSync(path, 'utf8'),
}))
const violations = findViolations(files)
for (const violation of violations) console.error(violation)
console.log(`layers: ${files.length} files, ${violations.length} violations`)
process.exitCode = violations.length === 0 ? 0 : 1
