// `npm run docs` serves the site while its pages are written; `npm run docs -- --build` builds it.
import { parseArgs } from 'node:util'
import { createServer } from 'vitepress'
import { buildSite, SITE, writeReference } from './support/site.ts'

const { values } = parseArgs({ options: { build: { type: 'boolean' }, port: { type: 'string' } } })

if (values.build === true) console.log(`The site is in ${await buildSite()}`)
else {
  await writeReference()
  const server = await createServer(SITE, { port: Number(values.port ?? 5173) })
  await server.listen()
  server.printUrls()
}
