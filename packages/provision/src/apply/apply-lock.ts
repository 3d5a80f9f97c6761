// One application to a realm at a time. The lock is a client, because creating one is atomic in Keycloak and needs no role
// that applying does not need anyway. It can do nothing: it is disabled, without flows and scopes.
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { ProvisionError } from '../errors.ts'
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import { APPLY_LOCK_CLIENT_ID } from '../wanted/apply-lock-client.ts'
import { toObject } from './ownership.ts'
import { isConflict, isGone } from './work.ts'

/** A lock that nobody has kept for so long is taken over. */
export const LOCK_STALE_SECONDS = 5 * 60
const RENEWAL_SECONDS = 60
const ATTEMPTS = 3

const TOKEN = 'doorman.lock.token'
const HOLDER = 'doorman.lock.holder'
const SINCE = 'doorman.lock.since'
const KEPT_AT = 'doorman.lock.kept-at'
const PROCESS = 'doorman.lock.process'

export interface ApplyLock {
  /** To be called now and then. Rejects with `ERR_APPLY_RUNNING` when somebody has taken it over. */
  keep(): Promise<void>
  release(): Promise<void>
}

export interface ApplyLockOptions {
  readonly admin: RealmAdmin
  readonly owner: string
  readonly nowSeconds: () => number
}

/** Tokens of locks that this process holds. */
const held = new Set<string>()

/**
 * Rejects with `ERR_APPLY_RUNNING`: `detail` names the holder and since when; with `ERR_CLIENT_FOREIGN` for a client of
 * that name that is no lock.
 */
export async function acquireApplyLock(options: ApplyLockOptions): Promise<ApplyLock> {
  const { admin, nowSeconds } = options
  const token = randomUUID()
  held.add(token)
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await createUnlessThere(admin, buildLock(options, token))
      const found = await admin.clients.find(APPLY_LOCK_CLIENT_ID)
      if (found === undefined) continue
      if (textOf(found, TOKEN) === token) return holdLock(options, token, String(found.id))
      if (!isLock(found)) throw foreignError(found)
      if (!isAbandoned(found, nowSeconds())) throw runningError(found)
      await deleteExactly(admin, String(found.id))
    }
    throw runningError({})
  } catch (error) {
    held.delete(token)
    throw error
  }
}

/** A lock that its holder could not give back would stay for ever where nothing is left to write. */
export async function sweepApplyLock({ admin, nowSeconds }: Omit<ApplyLockOptions, 'owner'>): Promise<void> {
  const found = await admin.clients.find(APPLY_LOCK_CLIENT_ID)
  if (found !== undefined && isAbandoned(found, nowSeconds())) await deleteExactly(admin, String(found.id))
}

function holdLock({ admin, nowSeconds }: ApplyLockOptions, token: string, id: string): ApplyLock {
  let keptAt = nowSeconds()
  return {
    async keep() {
      if (nowSeconds() - keptAt < RENEWAL_SECONDS) return
      keptAt = nowSeconds()
      try {
        const attributes = { [KEPT_AT]: String(keptAt) }
        await admin.clients.update(id, { clientId: APPLY_LOCK_CLIENT_ID, attributes })
      } catch (error) {
        if (!isGone(error)) throw error
        throw runningError((await admin.clients.find(APPLY_LOCK_CLIENT_ID)) ?? {})
      }
    },
    async release() {
      held.delete(token)
      await deleteExactly(admin, id)
    },
  }
}

function buildLock({ owner, nowSeconds }: ApplyLockOptions, token: string): Representation {
  const now = String(nowSeconds())
  return {
    clientId: APPLY_LOCK_CLIENT_ID,
    description: 'Exists while doorman apply is at work',
    enabled: false,
    publicClient: true,
    standardFlowEnabled: false,
    fullScopeAllowed: false,
    defaultClientScopes: [],
    optionalClientScopes: [],
    attributes: {
      [TOKEN]: token,
      [HOLDER]: `${owner} on ${hostname()}, process ${process.pid}`,
      [SINCE]: now,
      [KEPT_AT]: now,
      [PROCESS]: JSON.stringify({ space: processSpace(), pid: process.pid }),
    },
  }
}

async function createUnlessThere(admin: RealmAdmin, lock: Representation): Promise<void> {
  try {
    await admin.clients.create(lock)
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}

/** By its id: of two that find the same stale lock, one deletes it, and neither the next one's. */
async function deleteExactly(admin: RealmAdmin, id: string): Promise<void> {
  try {
    await admin.clients.delete(id)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** Somebody may have made a client of that name, which is not ours to delete. */
function isLock(client: Representation): boolean {
  return textOf(client, TOKEN) !== undefined
}

function isAbandoned(lock: Representation, nowSeconds: number): boolean {
  if (!isLock(lock)) return false
  if (nowSeconds - Number(textOf(lock, KEPT_AT) ?? 0) > LOCK_STALE_SECONDS) return true
  const holder = readProcess(textOf(lock, PROCESS))
  if (holder === undefined || holder.space === '' || holder.space !== processSpace()) return false
  if (holder.pid === process.pid) return !held.has(textOf(lock, TOKEN) ?? '')
  return !isAlive(holder.pid)
}

interface Holder {
  readonly space: string
  readonly pid: number
}

function readProcess(text: string | undefined): Holder | undefined {
  try {
    const { space, pid } = JSON.parse(text ?? '') as Partial<Holder>
    return typeof space === 'string' && typeof pid === 'number' ? { space, pid } : undefined
  } catch {
    return undefined
  }
}

/** Where a process number means the same: this boot of this machine, in this container. `''` where nobody can tell. */
function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function runningError(lock: Representation): ProvisionError {
  const holder = textOf(lock, HOLDER) ?? 'somebody'
  const seconds = Number(textOf(lock, SINCE) ?? Number.NaN)
  const since = Number.isNaN(seconds) ? 'just now' : new Date(seconds * 1000).toISOString()
  return new ProvisionError('ERR_APPLY_RUNNING', `${holder} is applying to this realm`, { holder, since })
}

function foreignError({ clientId }: Representation): ProvisionError {
  const text = `${String(clientId)} was not made by doorman apply, which needs that name while it runs`
  return new ProvisionError('ERR_CLIENT_FOREIGN', text, { name: clientId, remedy: 'delete it, or call it otherwise' })
}

function textOf({ attributes }: Representation, name: string): string | undefined {
  const value = toObject(attributes)[name]
  return typeof value === 'string' ? value : undefined
}
