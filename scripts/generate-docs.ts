// Writes what is generated from the configuration schema: its documentation and the JSON Schema for editors.
import { writeFileSync } from 'node:fs'
import { GENERATED_FILES } from './generated-files.ts'

for (const { file, build } of GENERATED_FILES) writeFileSync(file, build())
