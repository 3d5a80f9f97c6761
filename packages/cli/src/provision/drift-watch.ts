// The comparison again and again, until somebody ends it. The file is read again each time, so that a new one counts at
// once; only what has changed is told.
import { setTimeout as pause } from 'node:timers/promises'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { describeFailure } from '../failure.ts'
import { formatJson } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { DriftMetrics } from './drift-metrics.ts'
import { describeState, driftDocument } from './drift-state.ts'
import { openGround } from './ground.ts'
import { type CheckedRealm, checkGround } from './plan-ground.ts'

export interface DriftWatchOptions {
  readonly file: string
  readonly json: boolean
  readonly metrics: DriftMetrics
}

export interface DriftWatch {
  /** Until the signal; 78 at once when the file is wrong at the first comparison. */
  run(seconds: number, signal: AbortSignal): Promise<ExitCode>
}

export function createDriftWatch(
  { file, json, metrics }: DriftWatchOptions,
  terminal: Terminal,
  env: Environment,
): DriftWatch {
  const known = new Map<string, string>()
  const quiet = createQuietTerminal(terminal)

  function show(realm: CheckedRealm): void {
    const text = describeState(realm).join('; ')
    const state = realm.kind === 'failed' ? describeFailure(realm.error).line : text
    if (known.get(realm.name) === state) return
    known.set(realm.name, state)
    const at = new Date().toISOString()
    terminal.print(json ? formatJson({ at, ...driftDocument(realm) }) : `${at} ${realm.name}: ${text}`)
  }

  async function compare(): Promise<'compared' | 'wrong file'> {
    const ground = await openGround({ file, onCall: () => undefined }, quiet.terminal, env)
    quiet.endRound()
    if (ground === undefined) return 'wrong file'
    const realms = await checkGround(ground)
    metrics.record(realms)
    for (const realm of realms) show(realm)
    return 'compared'
  }

  return {
    async run(seconds, signal) {
      if ((await compare()) === 'wrong file') return EXIT_CODE.configuration
      while (await waited(seconds, signal)) {
        if ((await compare()) === 'wrong file') metrics.fail()
      }
      return EXIT_CODE.ok
    },
  }
}

async function waited(seconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(seconds * 1000, undefined, { signal })
    return true
  } catch {
    return false
  }
}

/** Tells what it did not tell in the round before. */
function createQuietTerminal(terminal: Terminal) {
  let before: readonly string[] = []
  let now: readonly string[] = []
  return {
    terminal: {
      ...terminal,
      tell(line: string) {
        now = [...now, line]
        if (!before.includes(line)) terminal.tell(line)
      },
    },
    endRound() {
      before = now
      now = []
    },
  }
}
