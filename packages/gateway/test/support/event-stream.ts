// A client of an event stream, as a page has it: it reads until the stream ends.
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import type { Browser } from '@doorman/dev-realm/browser'
import { request } from 'undici'
import { cookieOf } from './flow.ts'
import type { Stage } from './stage.ts'

export interface ReceivedEvent {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface OpenStream {
  readonly headers: IncomingHttpHeaders
  readonly events: readonly ReceivedEvent[]
  /** Resolves with the next event that has not been asked for yet; rejects when the stream ends first. */
  next(): Promise<ReceivedEvent>
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>
  close(): void
}

/** Listens at one of the stage's gateways with a browser's cookie. `headers`: what a page of another origin adds. */
export async function listenTo(
  stage: Pick<Stage, 'publicUrl' | 'gateways' | 'config'>,
  browser: Browser,
  gateway = 0,
  headers: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' },
): Promise<OpenStream> {
  const { port } = stage.gateways[gateway]!.publicAddress
  const answer = await request(`http://127.0.0.1:${port}/auth/events`, {
    headers: { host: new URL(stage.publicUrl).host, cookie: cookieOf(stage, browser), ...headers },
    bodyTimeout: 0,
  })
  const { body } = answer
  assert.equal(answer.statusCode, 200)
  const events: ReceivedEvent[] = []
  let asked = 0
  let wake = Promise.withResolvers<void>()
  let isOpen = true
  body.on('error', () => {})
  const read = async () => {
    let text = ''
    for await (const chunk of body) {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const [, name = '', data = ''] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? []
        if (name !== '') events.push({ name, data: JSON.parse(data) })
      }
      wake.resolve()
      wake = Promise.withResolvers()
    }
  }
  const ended = read()
    .catch(() => {})
    .finally(() => {
      isOpen = false
      wake.resolve()
    })
  return {
    headers: answer.headers,
    events,
    ended,
    async next() {
      while (events.length <= asked) {
        if (!isOpen) throw new Error('the stream has ended')
        await wake.promise
      }
      asked += 1
      return events[asked - 1]!
    },
    close: () => body.destroy(),
  }
}
