// The floor: what a bare `node:http` + undici pass-through costs, which knows neither routes, people nor failures. Both
// bodies are streamed with back-pressure; headers go through as they came.
import { createServer, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { announce } from './measured-process.ts'

const pool = new Pool(process.argv[2] ?? '', { connections: 128 })

function passOn(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart() {},
    onResponseStart(_controller, status, headers) {
      response.writeHead(status, headers)
    },
    onResponseData(controller, piece) {
      if (response.write(piece)) return
      controller.pause()
      response.once('drain', () => controller.resume())
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError() {
      response.destroy()
    },
  }
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { method = 'GET', url = '/', rawHeaders } = request
  const body = method === 'GET' || method === 'HEAD' ? null : request
  pool.dispatch({ method, path: url, headers: rawHeaders, body }, passOn(response))
})
announce(server)
