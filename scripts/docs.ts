// `npm run docs` serves the site while its pages are written; `npm run docs -- --build` builds it.
import { parseArgs } from 'node:util'
import { buildSite, startSite } from './support/site.ts'

const { values } = parseArgs({ options: { build: { type: 'boolean' }, port: { type: 'string' } } })

if (values.build === true) console.log(`The site is in ${await buildSite()}`)
else (await startSite(Number(values.port ?? 5173))).printUrls()
