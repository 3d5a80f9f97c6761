import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type ErrorCode, isGatewayError } from '../../src/kernel/errors.ts'
import { networkFileSystem } from '../../src/stores/private-files.ts'
import { createStoreFile } from '../../src/stores/sqlite-file.ts'
import { MIGRATIONS } from '../../src/stores/sqlite-schema.ts'
import { buildRecord, unavailable } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

function newPath(): string {
  return join(folder, randomUUID(), 'doorman.db')
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

function failsWith(code: ErrorCode, reason: string): (error: unknown) => boolean {
  return (error) => isGatewayError(error, code) && error.detail.reason === reason
}

async function makeStore(path: string): Promise<void> {
  const store = await openTestStore(path)
  await store.create(buildRecord('a'))
  await store.close()
}

test('folder and files are for their owner alone, whatever the umask', async () => {
  const path = newPath()
  const before = process.umask(0)
  try {
    const store = await openTestStore(path)
    await store.create(buildRecord('a'))
    const files = [path, `${path}-wal`, `${path}-shm`]
    assert.deepEqual(files.map(modeOf), ['600', '600', '600'])
    assert.equal(modeOf(join(path, '..')), '700')
    await store.close()
  } finally {
    process.umask(before)
  }
})

test('the folder keeps itself out of git', async () => {
  const path = newPath()
  await makeStore(path)
  assert.equal(readFileSync(join(path, '..', '.gitignore'), 'utf8'), '*\n')
})

test('a folder that holds other things keeps its place in git', async () => {
  const path = newPath()
  mkdirSync(join(path, '..'), { mode: 0o700 })
  writeFileSync(join(path, '..', 'package.json'), '{}')
  await makeStore(path)
  assert.equal(existsSync(join(path, '..', '.gitignore')), false)
})

test('sessions outlive the process that made them', async () => {
  const path = newPath()
  await makeStore(path)
  const store = await openTestStore(path)
  assert.deepEqual(await store.read('a'), { ...buildRecord('a'), version: 1 })
  await store.close()
})

for (const mode of [0o755, 0o750, 0o701]) {
  test(`a folder of mode ${mode.toString(8)} is refused and left as it is`, async () => {
    const path = newPath()
    await makeStore(path)
    chmodSync(join(path, '..'), mode)
    await assert.rejects(openTestStore(path), failsWith('ERR_STORE_REFUSED', 'wide-mode'))
    assert.equal(modeOf(join(path, '..')), mode.toString(8))
  })
}

for (const mode of [0o644, 0o640, 0o602]) {
  test(`a store of mode ${mode.toString(8)} is refused and left as it is`, async () => {
    const path = newPath()
    await makeStore(path)
    chmodSync(path, mode)
    await assert.rejects(openTestStore(path), failsWith('ERR_STORE_REFUSED', 'wide-mode'))
    assert.equal(modeOf(path), mode.toString(8))
  })
}

test('a write-ahead log that others may read is refused', async () => {
  const path = newPath()
  const store = await openTestStore(path)
  await store.create(buildRecord('a'))
  chmodSync(`${path}-wal`, 0o644)
  await assert.rejects(openTestStore(path), failsWith('ERR_STORE_REFUSED', 'wide-mode'))
  await store.close()
})

for (const [type, name] of [
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xff534d42 | 0, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
] as const) {
  test(`file system type ${type} is known as ${name}`, () => assert.equal(networkFileSystem(type), name))
}

for (const [type, name] of [
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x794c7630, 'overlayfs'],
  [0x01021994, 'tmpfs'],
] as const) {
  test(`${name} is no network file system`, () => assert.equal(networkFileSystem(type), undefined))
}

test('another program’s database is refused', async () => {
  const path = newPath()
  await makeStore(join(path, '..', 'other.db'))
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE session (key TEXT)')
  database.close()
  chmodSync(path, 0o600)
  await assert.rejects(openTestStore(path), failsWith('ERR_STORE_REFUSED', 'not-a-store'))
})

test('a file that is no database is unavailable and left as it is', async () => {
  const path = newPath()
  await makeStore(path)
  writeFileSync(path, 'x'.repeat(8192))
  await assert.rejects(openTestStore(path), failsWith('ERR_STORE_UNAVAILABLE', 'corrupt'))
  assert.equal(readFileSync(path, 'utf8'), 'x'.repeat(8192))
})

test('a store cut to nothing is unavailable, not a new store', async () => {
  const path = newPath()
  await makeStore(path)
  truncateSync(path, 0)
  await assert.rejects(openTestStore(path), unavailable)
  assert.equal(statSync(path).size, 0)
})

test('a store cut short is unavailable, not an empty store', async () => {
  const path = newPath()
  await makeStore(path)
  truncateSync(path, 8192)
  const read = openTestStore(path).then((store) => store.read('a').finally(() => store.close()))
  await assert.rejects(read, failsWith('ERR_STORE_UNAVAILABLE', 'corrupt'))
})

test('a running store whose file was taken away is not ready', async () => {
  const path = newPath()
  const store = await openTestStore(path)
  renameSync(path, `${path}.away`)
  await assert.rejects(store.ping(), failsWith('ERR_STORE_UNAVAILABLE', 'file-replaced'))
  createStoreFile(path, MIGRATIONS)
  await assert.rejects(store.ping(), failsWith('ERR_STORE_UNAVAILABLE', 'file-replaced'))
  await store.close()
})

test('a folder that cannot be made is unavailable', async () => {
  const path = newPath()
  writeFileSync(join(path, '..'), 'a file')
  await assert.rejects(openTestStore(path), unavailable)
})
