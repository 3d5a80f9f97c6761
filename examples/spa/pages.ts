// Builds both pages, and serves each on the port that doorman.yaml names. What is built stands beside the file.
import { dirname, join } from 'node:path'
import { loadConfig } from '@doorman/gateway'
import react from '@vitejs/plugin-react'
import { build, defaultClientConditions, type InlineConfig, preview } from 'vite'

const { DOORMAN_CONFIG: file = 'doorman.yaml' } = process.env
const { publicUrl, frontends, services } = loadConfig(file, process.env)
const admin = frontends.find(({ origin }) => origin !== publicUrl)?.origin

const PAGES = [
  { name: 'app', url: services.page?.url },
  { name: 'admin', url: admin },
]

for (const { name, url = '' } of PAGES) {
  const config: InlineConfig = {
    configFile: false,
    logLevel: 'warn',
    root: join(import.meta.dirname, 'src', name),
    plugins: [react()],
    // This repository's packages as they are, without a build of their own.
    resolve: { conditions: ['@doorman/source', ...defaultClientConditions] },
    define: { GATEWAY: JSON.stringify(publicUrl), ADMIN: JSON.stringify(admin) },
    build: { outDir: join(dirname(file), 'dist', name), emptyOutDir: true },
    preview: { host: '127.0.0.1', port: Number(new URL(url).port), strictPort: true },
  }
  await build(config)
  await preview(config)
  console.log(`${name} is on ${url}`)
}
