import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocumentedCommands, readDocumentedSteps, readInstalledPackages } from '../support/documented-steps.ts'

const PAGE = `
\`\`\`sh
npm install @doorman/nextjs
npm install --save-dev @doorman/cli
\`\`\`
## Behind
\`\`\`yaml
# doorman.yaml
publicUrl: http://localhost:4000
\`\`\`
\`\`\`sh
# only a comment
npm start
\`\`\`
\`\`\`ts
const nameless = 1
\`\`\`
## Behind two
\`\`\`ts
// app/auth/[...doorman]/route.ts

export const other = 2
\`\`\`
`

test('a block that begins with the name of a file is a step, below its own heading alone', () => {
  assert.deepEqual(readDocumentedSteps(PAGE, 'Behind'), [
    { file: 'doorman.yaml', text: 'publicUrl: http://localhost:4000\n' },
  ])
  assert.deepEqual(readDocumentedSteps(PAGE, 'Behind two'), [
    { file: 'app/auth/[...doorman]/route.ts', text: 'export const other = 2\n' },
  ])
})

test('a line for the shell is a command, below its own heading alone, and a comment is none', () => {
  assert.deepEqual(readDocumentedCommands(PAGE, 'Behind'), ['npm start'])
  assert.deepEqual(readDocumentedCommands(PAGE, 'Behind two'), [])
})

test('packages are named by what the page has people install', () => {
  assert.deepEqual(readInstalledPackages(PAGE), ['@doorman/nextjs', '@doorman/cli'])
})

test('a heading that is not there is no empty list of steps', () => {
  assert.throws(() => readDocumentedSteps(PAGE, 'Inside'))
})
