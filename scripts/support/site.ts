// The documentation site: built once until one of its pages changes.
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, createServer } from 'vitepress'
import { writeApiReference } from '../api-reference.ts'
import { buildPackages, ROOT } from './built-packages.ts'
import { withFolderLock } from './folder-lock.ts'

const SITE = join(ROOT, 'docs')
const OUTPUT = join(SITE, '.vitepress', 'dist')
/** Pages, what they show and link to, and what draws them. */
const SOURCES = [
  'package-lock.json',
  '*.md',
  'docs/**/*.md',
  'docs/.vitepress/{*.ts,theme/*,public/*}',
  'docs/migrate/before-after/**/*.*',
  'examples/**/*.{md,png,yaml,ts,tsx}',
  'notes/**/*.md',
  'conformance/*.md',
]

/** The generated pages, which are not kept. */
async function writeReference(): Promise<void> {
  await buildPackages()
  await writeApiReference(join(SITE, 'api'))
}

/** The folder of the built site. Rejects for a dead link. */
export async function buildSite(): Promise<string> {
  await withFolderLock(join(SITE, '.vitepress', 'cache.lock'), async () => {
    await writeReference()
    const stamp = join(OUTPUT, 'sources.sha256')
    const hash = hashSources()
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
    await build(SITE)
    writeFileSync(stamp, hash)
  })
  return OUTPUT
}

/** The site as its pages are now, and as they become. At `port`, or the next one that is free. */
export async function startSite(port: number): ReturnType<typeof createServer> {
  await writeReference()
  const server = await createServer(SITE, { port })
  return server.listen()
}

function hashSources(): string {
  const hash = createHash('sha256')
  const exclude = (name: string) => /(^|\/)(node_modules|\.next)$/.test(name)
  for (const file of globSync(SOURCES, { cwd: ROOT, exclude }).toSorted()) {
    const place = join(ROOT, file)
    if (statSync(place).isFile()) hash.update(file).update(readFileSync(place))
  }
  return hash.digest('hex')
}
