// One process at a time, among those that know the same folder.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MILLISECONDS = 100

/** Waits for whoever holds the lock, and takes that of a process that is no more. */
export async function withFolderLock<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(folder), { recursive: true })
  while (!(await take(folder))) {
    if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true })
    else await delay(LOOK_EVERY_MILLISECONDS)
  }
  try {
    return await work()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function take(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
  } catch {
    return false
  }
  await writeFile(join(folder, 'pid'), String(process.pid))
  return true
}

async function isAbandoned(folder: string): Promise<boolean> {
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'))
  // Its owner is about to write it.
  if (pid === 0) return false
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}
