import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { acquireLock } from '../../src/keycloak/lock.ts'

const directory = mkdtempSync(join(tmpdir(), 'doorman-lock-'))
after(() => rmSync(directory, { recursive: true, force: true }))

test('a second holder waits until the first releases', async () => {
  const file = join(directory, 'lock.db')
  const order: string[] = []
  const first = await acquireLock(file, () => order.push('first waited'))
  const { promise: waits, resolve: startWaiting } = Promise.withResolvers<void>()
  const second = acquireLock(file, startWaiting).then((lock) => {
    order.push('second')
    return lock
  })
  await waits
  order.push('first released')
  first.release()
  ;(await second).release()
  assert.deepEqual(order, ['first released', 'second'])
})
