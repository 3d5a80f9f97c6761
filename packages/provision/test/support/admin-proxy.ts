// Stands between us and the admin interface, and breaks the calls a test asks for.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/**
 * `unreached`: the connection breaks before the call is done. `lost`: it is done, and the connection breaks before the
 * answer. A number: that status, and nothing is done. `{ done }`: that status, though it is done.
 */
export type Fault = 'unreached' | 'lost' | 500 | 503 | { readonly done: 500 }

export interface AdminProxy {
  readonly url: string
  /** Breaks the call of that number, counted from 1 and from now on; with `onwards` all after it, too. */
  fail(nth: number, fault: Fault, reach: 'once' | 'onwards'): void
  /** Keeps calls of that kind, such as `POST /clients`, waiting from the `nth` one on; reached once that one is there. */
  hold(call: string, nth: number): { readonly reached: Promise<void>; release(): void }
  /** No more faults. */
  heal(): void
  /** Calls since the last `fail` or `heal`, such as `PUT /clients/ID`, without the realm. */
  calls(): readonly string[]
  close(): Promise<void>
}

/** Requests to `/realms/…`, where tokens are made, pass and are not counted. */
export async function startAdminProxy(target: string): Promise<AdminProxy> {
  let isBroken: (nth: number) => Fault | undefined = () => undefined
  let calls: string[] = []
  let pass: (call: string) => Promise<void> = async () => undefined
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url = '' } = incoming
    if (!url.startsWith('/admin/')) return void (await forward(target, incoming, outgoing, 'answer'))
    calls.push(`${method} ${pathOf(url)}`)
    const fault = isBroken(calls.length)
    await pass(calls.at(-1) ?? '')
    if (fault === undefined) return void (await forward(target, incoming, outgoing, 'answer'))
    if (fault === 'lost') return void (await forward(target, incoming, outgoing, 'break'))
    if (typeof fault === 'object') return void (await forward(target, incoming, outgoing, fault.done))
    await buffer(incoming)
    if (fault === 'unreached') outgoing.destroy()
    else answerBroken(outgoing, fault)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    fail(nth, fault, reach) {
      calls = []
      isBroken = (number) => (number === nth || (reach === 'onwards' && number > nth) ? fault : undefined)
    },
    hold(call, nth) {
      const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      let seen = 0
      pass = async (each) => {
        if (each !== call) return
        seen += 1
        if (seen < nth) return
        reached.resolve()
        await released.promise
      }
      return { reached: reached.promise, release: released.resolve }
    },
    heal() {
      calls = []
      isBroken = () => undefined
    },
    calls: () => calls,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  end: 'answer' | 'break' | number,
): Promise<void> {
  const { method, url = '', headers } = incoming
  const { host: _, ...passed } = headers
  const body = await buffer(incoming)
  const upstream = request(new URL(url, target), { method, headers: passed })
  upstream.end(body)
  const [answer] = (await once(upstream, 'response')) as [IncomingMessage]
  const content = await buffer(answer)
  if (end === 'break') return void outgoing.destroy()
  if (end !== 'answer') return answerBroken(outgoing, end)
  const { 'transfer-encoding': __, connection: ___, ...kept } = answer.headers
  outgoing.writeHead(answer.statusCode ?? 502, { ...kept, 'content-length': content.length }).end(content)
}

function answerBroken(outgoing: ServerResponse, status: number): void {
  outgoing.writeHead(status, { 'content-type': 'text/plain' }).end('broken on purpose')
}

function pathOf(url: string): string {
  return url
    .replace(/^\/admin\/realms\/[^/?]+/, '')
    .replace(/\?.*/, '')
    .replace(/\/$/, '')
}
