// Where log lines go: gathered in memory and written in large pieces, because each write costs more than many lines. A
// reader that stalls costs lines, never memory without end and never a request.
import pino from 'pino'

/** Access lines wait this long at most; a process killed without warning loses no more than that. */
const FLUSH_AFTER_MILLISECONDS = 200
const FLUSH_AT_CHARACTERS = 32 * 1024
const PIECE_MAX_BYTES = 256 * 1024
const BACKLOG_MAX_BYTES = 16 * 1024 * 1024

export interface LogDestination {
  /** Written at once. */
  write(line: string): void
  /** Written soon, together with others. Keeps the order. */
  gather(line: string): void
  close(): Promise<void>
}

/** `fd` is a file descriptor: 1 is standard output. Any other is closed with the destination. */
export function openLogDestination(fd: number): LogDestination {
  const stream = pino.destination({ dest: fd, sync: false, maxWrite: PIECE_MAX_BYTES, maxLength: BACKLOG_MAX_BYTES })
  let gathered = ''
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const lines = gathered
    gathered = ''
    if (lines !== '') stream.write(lines)
  }

  const tellLoss = watchForLoss(stream)
  const flushAtExit = () => {
    flush()
    flushSync(stream)
  }
  process.once('exit', flushAtExit)

  return {
    write(line) {
      gathered += line
      flush()
    },
    gather(line) {
      gathered += line
      if (gathered.length >= FLUSH_AT_CHARACTERS) flush()
      else timer ??= setTimeout(flush, FLUSH_AFTER_MILLISECONDS).unref()
    },
    async close() {
      process.off('exit', flushAtExit)
      flush()
      tellLoss()
      await end(stream)
    },
  }
}

type Stream = ReturnType<typeof pino.destination>

/** Counts what had to be dropped. The function it returns says how much, as does the log once it can be written again. */
function watchForLoss(stream: Stream): () => void {
  let lostBytes = 0
  const count = (piece: string) => {
    lostBytes += Buffer.byteLength(piece)
  }
  const tell = () => {
    if (lostBytes === 0) return
    const line = { level: 'error', time: new Date().toISOString(), event: 'log.dropped', bytes: lostBytes }
    lostBytes = 0
    stream.write(`${JSON.stringify(line)}\n`)
  }
  stream.on('drop', count).on('drain', tell)
  // Without a listener a full disk or a closed pipe would end the process.
  stream.on('error', () => undefined)
  return tell
}

function flushSync(stream: Stream): void {
  try {
    stream.flushSync()
  } catch {
    // The reader has gone: there is nobody left to tell.
  }
}

function end(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', () => resolve()).once('error', () => resolve())
    stream.end()
  })
}
