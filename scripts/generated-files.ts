// Which files are generated, and from what. A test compares them with the tree.
import { buildJsonSchema } from '../packages/gateway/src/config/json-schema.ts'
import { buildReference } from '../packages/gateway/src/config/reference.ts'

export interface GeneratedFile {
  readonly file: URL
  build(): string
}

const root = new URL('../', import.meta.url)

export const GENERATED_FILES: readonly GeneratedFile[] = [
  { file: new URL('docs/configuration.md', root), build: () => buildReference(buildJsonSchema()) },
  {
    file: new URL('packages/gateway/doorman.schema.json', root),
    build: () => `${JSON.stringify(buildJsonSchema(), null, 2)}\n`,
  },
]
