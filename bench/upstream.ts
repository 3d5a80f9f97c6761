// The service behind every row: a small answer, and a 401 below /private/ for whoever brings no credential, so that a row
// which lost the access token on the way cannot look fast.
import { createServer } from 'node:http'
import { announce } from './measured-process.ts'

const ANSWER = Buffer.from(
  JSON.stringify({ message: 'hello from the service', items: [1, 2, 3], padding: 'x'.repeat(17) }),
)
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length }

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const isRefused = request.url?.startsWith('/private/') === true && request.headers.authorization === undefined
  response.writeHead(isRefused ? 401 : 200, HEADERS)
  response.end(ANSWER)
})
announce(server)
