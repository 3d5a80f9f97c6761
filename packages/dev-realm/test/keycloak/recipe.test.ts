import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJavaVersion } from '../../src/keycloak/java.ts'
import { buildJavaArguments, buildStartArguments, cachePaths, KEYCLOAK_PORTS } from '../../src/keycloak/recipe.ts'

test('a server listens on loopback only, management on the next port', () => {
  const args = buildStartArguments(8180, '/tmp/db')
  assert.ok(args.includes('--http-host=127.0.0.1'))
  assert.ok(args.includes('--http-management-host=127.0.0.1'))
  assert.ok(args.includes('--http-management-port=8181'))
})

test('a server opens no cluster ports', () => {
  assert.ok(buildStartArguments(8180, '/tmp/db').includes('--cache=local'))
})

test('two servers never share a database', () => {
  const databaseOf = (directory: string) =>
    buildStartArguments(8180, directory).find((arg) => arg.startsWith('--db-url='))
  assert.notEqual(databaseOf('/tmp/a'), databaseOf('/tmp/b'))
})

test('no collector but the serial one is chosen: Java refuses two', () => {
  const collectors = buildJavaArguments('/tmp/kc', []).filter((arg) => /^-XX:\+Use\w+GC$/.test(arg))
  assert.deepEqual(collectors, ['-XX:+UseSerialGC'])
})

test('each port has imported realms of its own', () => {
  const paths = cachePaths()
  assert.equal(new Set(KEYCLOAK_PORTS.map((port) => paths.database(port))).size, KEYCLOAK_PORTS.length)
})

const javas: ReadonlyArray<readonly [output: string, version: number | undefined]> = [
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_381"', 1],
  ['openjdk version "25" 2025-09-16', 25],
  ['sh: java: not found', undefined],
]
for (const [output, version] of javas) {
  test(`reads ${output}`, () => assert.equal(parseJavaVersion(output), version))
}
