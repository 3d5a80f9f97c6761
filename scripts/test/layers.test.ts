import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findCircles, findViolations, judgeImport, scanImports } from '../layers.ts'

describe('reading imports', () => {
  const rows: ReadonlyArray<readonly [name: string, source: string, specifiers: readonly string[]]> = [
    ['a value', "import { a } from './a.ts'", ['./a.ts']],
    ['a type', "import type { A } from './a.ts'", ['./a.ts']],
    ['a namespace', "import * as a from './a.ts'", ['./a.ts']],
    ['an effect', "import './a.ts'", ['./a.ts']],
    ['several lines', "import {\n  a,\n  type B,\n} from './a.ts'", ['./a.ts']],
    ['a re-export', "export { a } from './a.ts'\nexport * from './b.ts'", ['./a.ts', './b.ts']],
    ['an attribute', "import a from './a.json' with { type: 'json' }", ['./a.json']],
    ['double quotes', 'import { a } from "./a.ts"', ['./a.ts']],
    ['a dynamic import', "const a = await import('./a.ts')", ['./a.ts']],
    ['a type of a dynamic import', "type A = import('./a.ts').A", ['./a.ts']],
    ['a dynamic import by variable', 'const a = await import(name)', ['?']],
    ['two in a row', "import { a } from './a.ts'\nimport { b } from './b.ts'", ['./a.ts', './b.ts']],
    ['an export of its own', "export const from = 'from'\nexport function a() { return 'b' }", []],
    ['a comment', "// import { a } from './a.ts'\n/** @see import('./b.ts') */\n * import('./c.ts')", []],
  ]
  for (const [name, source, specifiers] of rows) {
    test(`finds ${name}`, () => assert.deepEqual(scanImports(source), specifiers))
  }
})

describe('judging imports', () => {
  const allowed: ReadonlyArray<readonly [path: string, specifier: string]> = [
    ['packages/gateway/src/http/reply.ts', '../kernel/errors.ts'],
    ['packages/gateway/src/http/reply.ts', './request.ts'],
    ['packages/gateway/src/http/reply.ts', 'node:http'],
    ['packages/gateway/src/session/session.ts', '../realm/token-set.ts'],
    ['packages/gateway/src/stores/sqlite.ts', '../session/session-store.ts'],
    ['packages/gateway/src/gateway.ts', './config/schema.ts'],
    ['packages/gateway/src/gateway.ts', './observability/log.ts'],
    ['packages/gateway/src/gateway.ts', './front-door.ts'],
    ['packages/gateway/src/policy/principal.ts', '@doorman/resource-server'],
    ['packages/cli/src/main.ts', '@doorman/gateway'],
    ['packages/cli/src/main.ts', '@doorman/dev-realm/keycloak'],
    ['packages/cli/src/main.ts', '../package.json'],
    ['packages/cli/src/dev/demo.ts', '../main.ts'],
  ]
  for (const [path, specifier] of allowed) {
    test(`${path} may import ${specifier}`, () => assert.equal(judgeImport(path, specifier), undefined))
  }

  const forbidden: ReadonlyArray<readonly [path: string, specifier: string]> = [
    ['packages/gateway/src/kernel/errors.ts', '../http/reply.ts'],
    ['packages/gateway/src/http/reply.ts', '../session/session.ts'],
    ['packages/gateway/src/session/session.ts', '../realm/relying-party.ts'],
    ['packages/gateway/src/stores/sqlite.ts', '../session/session.ts'],
    ['packages/gateway/src/observability/log.ts', '../http/request.ts'],
    ['packages/gateway/src/login/start-login.ts', '../logout/logout.ts'],
    ['packages/gateway/src/login/start-login.ts', '../config/schema.ts'],
    ['packages/gateway/src/login/start-login.ts', '../observability/log.ts'],
    ['packages/gateway/src/login/start-login.ts', '../gateway.ts'],
    ['packages/gateway/src/login/start-login.ts', '../index.ts'],
    ['packages/gateway/src/upstream/forward.ts', '@doorman/resource-server'],
    ['packages/gateway/src/attic/things.ts', '../kernel/errors.ts'],
    ['packages/gateway/src/login/start-login.ts', '../front-door.ts'],
    ['packages/gateway/src/gateway.ts', '@doorman/dev-realm'],
    ['packages/gateway/src/gateway.ts', '../../dev-realm/src/index.ts'],
    ['packages/gateway/src/gateway.ts', '../test/support/browser.ts'],
    ['packages/dev-realm/src/index.ts', '@doorman/gateway'],
    ['packages/cli/src/main.ts', '@doorman/unknown'],
    ['packages/unknown/src/index.ts', '@doorman/gateway'],
    ['packages/cli/src/main.ts', '?'],
  ]
  for (const [path, specifier] of forbidden) {
    test(`${path} may not import ${specifier}`, () => assert.notEqual(judgeImport(path, specifier), undefined))
  }
})

test('a forbidden arrow in a source is named with its file', () => {
  const path = 'packages/gateway/src/kernel/time.ts'
  const violations = findViolations([{ path, source: "import type { Reply } from '../http/reply.ts'" }])
  assert.equal(violations.length, 1)
  assert.match(violations[0]!, /kernel\/time\.ts imports \.\.\/http\/reply\.ts/)
})

describe('circles', () => {
  function sources(...pairs: ReadonlyArray<readonly [from: string, to: string]>) {
    return pairs.map(([from, to]) => ({
      path: `packages/cli/src/${from}.ts`,
      source: `import { x } from './${to}.ts'`,
    }))
  }

  test('a circle of three files is found once', () => {
    assert.equal(findCircles(sources(['a', 'b'], ['b', 'c'], ['c', 'a'])).length, 1)
  })
  test('a file that imports itself is a circle', () => {
    assert.equal(findCircles(sources(['a', 'a'])).length, 1)
  })
  test('two ways to one file are no circle', () => {
    assert.deepEqual(findCircles(sources(['a', 'c'], ['b', 'c'])), [])
  })
})
