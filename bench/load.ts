// The load generator's process: runs one job at a time, as the bench tells it.
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import type { Load, LoadResult } from './load-generator.ts'

/** A row that answers with errors says nothing, so it need not go on. */
const MAX_FAILURES = 50

process.on('message', async (load: Load) => {
  const milliseconds: number[] = []
  const running = autocannon({
    url: load.url,
    headers: load.headers,
    connections: load.connections,
    bailout: MAX_FAILURES,
    ...(load.cookieFile === null ? {} : { requests: [{ setupRequest: sendInTurn(load.cookieFile) }] }),
    ...(load.kind === 'seconds' ? { duration: load.amount } : { amount: load.amount }),
  })
  // Its own percentiles are whole milliseconds, which is what a request takes here.
  running.on('response', (_client, _status, _bytes, time) => milliseconds.push(time))
  const result = await running
  const sorted = milliseconds.sort((a, b) => a - b)
  const answer: LoadResult = {
    requests: result.requests.total,
    failures: result.non2xx + result.errors + result.timeouts,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  }
  process.send?.(answer)
})

function sendInTurn(file: string) {
  const cookies = readFileSync(file, 'utf8').trim().split('\n')
  let at = 0
  return (request: { readonly headers: Record<string, string> }) => {
    at = (at + 1) % cookies.length
    return { ...request, headers: { ...request.headers, cookie: cookies[at] ?? '' } }
  }
}

process.on('disconnect', () => process.exit())
