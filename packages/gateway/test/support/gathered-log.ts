import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { createLog } from '../../src/observability/log.ts'
import type { LogLevel } from '../../src/observability/log-lines.ts'

/** The log's text after these events, through a real file. */
export async function logText(events: readonly GatewayEvent[], level: LogLevel = 'debug'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-log-'))
  const file = join(folder, 'log')
  try {
    const log = createLog({ level, destination: openSync(file, 'a') })
    for (const event of events) log.listener(event)
    await log.close()
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function logLines(events: readonly GatewayEvent[], level: LogLevel = 'debug') {
  const text = await logText(events, level)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
