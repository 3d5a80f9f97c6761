// Which files are generated, and from what. A test compares them with the tree.
import { composeSchema } from '../packages/gateway/src/config/further-sections.ts'
import { buildJsonSchema } from '../packages/gateway/src/config/json-schema.ts'
import { buildReference } from '../packages/gateway/src/config/reference.ts'
import { clientsSection } from '../packages/provision/src/wanted/schema-clients.ts'
import { provisionSection } from '../packages/provision/src/wanted/schema-provision.ts'

export interface GeneratedFile {
  readonly file: URL
  build(): string
}

const root = new URL('../', import.meta.url)

/** The one file: the gateway's sections and those of the provisioner. */
export const FILE_SCHEMA = buildJsonSchema(composeSchema({ provision: provisionSection, clients: clientsSection }))

export const GENERATED_FILES: readonly GeneratedFile[] = [
  { file: new URL('docs/configuration.md', root), build: () => buildReference(FILE_SCHEMA) },
  {
    file: new URL('packages/gateway/doorman.schema.json', root),
    build: () => `${JSON.stringify(FILE_SCHEMA, null, 2)}\n`,
  },
]
