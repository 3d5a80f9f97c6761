// The log: JSON lines from the gateway's events. Access lines, the audit, and what went wrong; never a token, code, state,
// verifier, cookie or secret.
import pino from 'pino'
import type { EventListener } from '../kernel/events.ts'
import { buildAccessLine } from './access-line.ts'
import { openLogDestination } from './log-destination.ts'
import { buildLogLine, type LogLevel } from './log-lines.ts'

export interface LogOptions {
  /** The least level that is written. Audit lines are written whatever it is. */
  readonly level: LogLevel
  /** A file descriptor: 1 is standard output. Any other is closed with the log. */
  readonly destination: number
}

export interface Log {
  /** For `Events.subscribe`. */
  readonly listener: EventListener
  /** Resolves when everything has been written. The listener must not be called any more. */
  close(): Promise<void>
}

export function createLog(options: LogOptions): Log {
  const destination = openLogDestination(options.destination)
  const time = createTimestamps()
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${time()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  )
  const audit = logger.child({ audit: true }, { level: 'info' })
  const writesAccessLines = logger.isLevelEnabled('info')

  return {
    listener(event) {
      if (event.kind === 'request.answered') {
        if (writesAccessLines) destination.gather(buildAccessLine(event, time()))
        return
      }
      const { level, fields } = buildLogLine(event)
      if (level === 'audit') audit.info(fields)
      else logger[level](fields)
    },
    close: () => destination.close(),
  }
}

/** RFC 3339; formatted once per millisecond. */
function createTimestamps(): () => string {
  let at = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== at) {
      at = now
      text = new Date(now).toISOString()
    }
    return text
  }
}
