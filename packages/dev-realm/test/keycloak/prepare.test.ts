import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { isKeycloakPrepared, prepareKeycloak } from '../../src/keycloak/prepare.ts'
import { cachePaths } from '../../src/keycloak/recipe.ts'

const saved = { ...process.env }
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'doorman-prepare-'))
  process.env.DOORMAN_CACHE = join(directory, 'cache')
  process.env.PATH = directory
  delete process.env.JAVA_HOME
})
afterEach(() => {
  process.env = { ...saved }
  rmSync(directory, { recursive: true, force: true })
})

function putCommand(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(directory, name), 0o755)
}

function prepare(): Promise<void> {
  return prepareKeycloak({ port: 8180, onProgress: () => undefined })
}

test('a machine without Java is told so', async () => {
  await assert.rejects(prepare(), { code: 'ERR_KEYCLOAK_JAVA_MISSING' })
})

test('a machine with an old Java is told so', async () => {
  putCommand('java', `echo 'openjdk version "11.0.2"' >&2`)
  await assert.rejects(prepare(), { code: 'ERR_KEYCLOAK_JAVA_MISSING' })
})

test('a machine without Maven is told so in one line', async () => {
  putCommand('java', `echo 'openjdk version "17.0.15"' >&2`)
  await assert.rejects(prepare(), (error: Error & { code: string }) => {
    return error.code === 'ERR_KEYCLOAK_MAVEN_MISSING' && !error.message.includes('\n')
  })
})

test('a preparation that fails leaves nothing that looks prepared', async () => {
  putCommand('java', `echo 'openjdk version "17.0.15"' >&2`)
  putCommand('mvn', 'exit 1')
  await assert.rejects(prepare(), { code: 'ERR_KEYCLOAK_PREPARE_FAILED' })
  assert.equal(isKeycloakPrepared(), false)
  assert.deepEqual(readdirSync(cachePaths().root), ['lock.db'])
})

test('what has been prepared needs neither Java nor Maven to be found', async () => {
  mkdirSync(cachePaths().server, { recursive: true })
  mkdirSync(cachePaths().database(8180))
  await prepare()
  assert.equal(existsSync(join(cachePaths().root, 'lock.db')), false)
})
