// What `npm start` runs: the demo, by the command `doorman dev`.
import { fileURLToPath } from 'node:url'
import './preflight.js'

const command = new URL('../packages/cli/bin/doorman.js', import.meta.url)
process.argv = [process.execPath, fileURLToPath(command), 'dev', ...process.argv.slice(2)]
await import(command.href)
