// Waits for realms that are not there yet, as on the first installation: with a limit, and telling what it waits for.
import { setTimeout as delay } from 'node:timers/promises'
import { isProvisionError } from '@doorman/provision'
import type { Terminal } from '../terminal.ts'
import type { GroundRealm } from './ground.ts'

/** A credential that is refused is not waited for: nothing says that it will ever be taken. */
const PASSING = ['ERR_ADMIN_UNREACHABLE', 'ERR_REALM_UNKNOWN'] as const
const PAUSE_MILLISECONDS = 2000

/** Resolves when every realm answers. Rejects with what the last one said when the time is over, and with all else. */
export async function waitForRealms(
  realms: readonly GroundRealm[],
  seconds: number,
  terminal: Terminal,
): Promise<void> {
  const giveUpAt = performance.now() + seconds * 1000
  await Promise.all(realms.map((realm) => waitForRealm(realm, giveUpAt, terminal)))
}

async function waitForRealm({ wanted, admin, adminUrl }: GroundRealm, giveUpAt: number, terminal: Terminal) {
  for (let hasTold = false; ; hasTold = true) {
    try {
      await admin.settings()
      return
    } catch (error) {
      const isPassing = PASSING.some((code) => isProvisionError(error, code))
      if (!isPassing || performance.now() + PAUSE_MILLISECONDS > giveUpAt) throw error
      if (!hasTold) terminal.tell(`waiting for the realm ${wanted.realm} at ${adminUrl}`)
      await delay(PAUSE_MILLISECONDS)
    }
  }
}
