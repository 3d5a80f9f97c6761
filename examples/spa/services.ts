// Two services, each behind a guard of its own: one takes the gateway's tokens, the other those of the realm models.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Caller } from '@doorman/resource-server'
import { guard } from '@doorman/resource-server/node'

const { DOORMAN_URL = '', DOORMAN_ISSUER_MODELS = '', DOORMAN_PORT_TASKS, DOORMAN_PORT_LLM } = process.env

/** Each with the name of its person. */
const tasks = new Set<string>()

const answerTasks = guard({ gateway: DOORMAN_URL, audience: 'tasks' }, async (request, response) => {
  const { caller, method, url } = request
  const person = `${caller.claims.name}: `
  if (method === 'POST') tasks.add(person + (await text(request)))
  if (url === '/api/tasks/all') caller.requireRole('admin')
  const shown = url === '/api/tasks/all' ? [...tasks] : [...tasks].filter((task) => task.startsWith(person))
  response.end(JSON.stringify({ lines: shown, received: describe(caller) }))
})

const answerModel = guard({ issuer: DOORMAN_ISSUER_MODELS, audience: 'llm' }, async (request, response) => {
  const words = (await text(request)).split(' ')
  response.end(JSON.stringify({ lines: [words.toReversed().join(' ')], received: describe(request.caller) }))
})

/** For the page to show; the token itself goes nowhere. */
function describe({ issuer, claims }: Caller) {
  return { issuer, audience: [claims.aud].flat().join(', '), of: claims.name ?? claims.preferred_username }
}

createServer(answerTasks).listen(Number(DOORMAN_PORT_TASKS), '127.0.0.1')
createServer(answerModel).listen(Number(DOORMAN_PORT_LLM), '127.0.0.1')
