// Every link of every page leads somewhere, on GitHub as on the site. Other hosts are not asked.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findDeadLinks, readAnchors, readLinks } from '../scripts/support/links.ts'
import { SIDEBAR } from './.vitepress/sidebar.ts'

const ROOT = join(import.meta.dirname, '..')
const NOT_KEPT = /(?:^|\/)(?:node_modules|dist|\.next|\.venv|\.doorman|\.git)$/
/** Made when the site is built, so that only the site's own navigation may lead there. */
const GENERATED = 'docs/api'

const pages = globSync('**/*.md', { cwd: ROOT, exclude: (path) => NOT_KEPT.test(path) || path === GENERATED })

type Item = (typeof SIDEBAR)[number]

function linksOf({ link, items = [] }: Item): readonly string[] {
  return [...(link === undefined ? [] : [link]), ...items.flatMap(linksOf)]
}

/** What the site's navigation and its first page name. */
function siteLinks(): readonly string[] {
  const texts = ['index.md', '.vitepress/config.ts'].map((name) =>
    readFileSync(join(import.meta.dirname, name), 'utf8'),
  )
  const named = texts.flatMap((text) => [...text.matchAll(/\blink: '?(\/[^\s',}]*)/g)].map(([, link = '']) => link))
  return [...named, ...SIDEBAR.flatMap(linksOf)]
}

test('every link leads to a file of the repository, and to a heading that it has', () => {
  assert.ok(pages.length > 40)
  const isKept = (folder: string, place: string) =>
    !`${place}/`.startsWith(`${GENERATED}/`) && existsSync(join(folder, place))
  assert.deepEqual(findDeadLinks(ROOT, pages, isKept), [])
})

test('what the navigation of the site names is a page', () => {
  const links = siteLinks()
  assert.ok(links.length > 30)
  const missing = links.filter((link) => !link.startsWith(`/${GENERATED}/`) && !existsSync(join(ROOT, `${link}.md`)))
  assert.deepEqual(missing, [])
})

test('every page of the documentation is in the navigation of the site', () => {
  const named = new Set(SIDEBAR.flatMap(linksOf))
  const documents = pages.filter((page) => /^(?:docs|examples\/[^/]+)\//.test(page) && page !== 'docs/index.md')
  assert.deepEqual(
    documents.filter((page) => !named.has(`/${page.replace(/\.md$/, '')}`)),
    [],
  )
})

test('a link in code is none', () => {
  const page = 'See [a](a.md#x "A"),\n`[b](b.md)`\n```md\n[c](c.md)\n```\n![d](d.png) <a href="e.md">E</a>\n[f]: f.md\n'
  assert.deepEqual(readLinks(page), [
    { line: 1, target: 'a.md#x' },
    { line: 6, target: 'd.png' },
    { line: 6, target: 'e.md' },
    { line: 7, target: 'f.md' },
  ])
})

test('anchors are those of GitHub', () => {
  const page =
    '# What it costs?\n## `GET /auth/user`, *now*\n## [Next.js](nextjs.md) – `<Link>`\n## Twice\n## Twice\n```sh\n# no\n```\n'
  const anchors = ['what-it-costs', 'get-authuser-now', 'nextjs--link', 'twice', 'twice-1']
  assert.deepEqual([...readAnchors(page)], anchors)
})
