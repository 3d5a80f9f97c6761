// A server of an application, as frameworks have it: what comes by a socket becomes a web request, and the web response
// that a handler answers with goes back.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

export interface WebServer {
  readonly port: number
  close(): Promise<void>
}

export async function openWebServer(handle: (request: Request) => Promise<Response>): Promise<WebServer> {
  const server = createServer(async (message, response) => {
    await sendBack(await handle(toRequest(message, response)), response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function toRequest(message: IncomingMessage, response: ServerResponse): Request {
  const headers = new Headers()
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    headers.append(message.rawHeaders[at]!, message.rawHeaders[at + 1]!)
  }
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const hasBody = message.method !== 'GET' && message.method !== 'HEAD'
  return new Request(`http://${message.headers.host}${message.url}`, {
    method: message.method!,
    headers,
    signal: gone.signal,
    redirect: 'manual',
    ...(hasBody ? { body: Readable.toWeb(message) as ReadableStream, duplex: 'half' } : {}),
  })
}

async function sendBack(answer: Response, response: ServerResponse): Promise<void> {
  response.setHeaders(answer.headers)
  response.writeHead(answer.status)
  response.flushHeaders()
  if (answer.body === null) response.end()
  else await pipeline(Readable.fromWeb(answer.body as NodeReadableStream), response).catch(() => {})
}
