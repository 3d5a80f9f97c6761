// The site is the repository's own pages: what is read on GitHub is what is built, with the same links.
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { githubSlug } from './github-slug.ts'
import { copyLinkedSources, linkSources, sourcesServer } from './linked-sources.ts'
import { drawDiagrams } from './mermaid-fence.ts'
import { copyMermaid, mermaidServer } from './mermaid-files.ts'
import { SIDEBAR } from './sidebar.ts'

export default defineConfig({
  title: 'Doorman',
  description: 'The front door for applications on Keycloak',
  srcDir: '..',
  srcExclude: ['**/node_modules/**', 'packages/**', 'bench/**', 'chaos/**', 'scripts/**', 'deploy/**', '**/.next/**'],
  rewrites: { 'docs/index.md': 'index.md' },
  outDir: '.vitepress/dist',
  cacheDir: '.vitepress/cache',
  cleanUrls: true,
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  // What listens on one's own machine is not there when the site is built.
  ignoreDeadLinks: 'localhostLinks',
  vite: {
    publicDir: join(import.meta.dirname, 'public'),
    build: { chunkSizeWarningLimit: 3000 },
    plugins: [mermaidServer, sourcesServer],
  },
  markdown: {
    anchor: { slugify: githubSlug },
    config(md) {
      linkSources(md)
      drawDiagrams(md)
    },
  },
  buildEnd({ outDir }) {
    copyLinkedSources(outDir)
    copyMermaid(outDir)
  },
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/docs/start' },
      { text: 'Concepts', link: '/docs/concepts' },
      { text: 'Guides', link: '/docs/guides' },
      { text: 'Configuration', link: '/docs/configuration' },
      { text: 'Security', link: '/SECURITY' },
    ],
    sidebar: SIDEBAR,
  },
})
