// Carries the exchanges out and writes down what is answered, without what is different each time.
import { randomUUID } from 'node:crypto'
import type { Answer, Answers, Exchange, ExchangeGroup } from './exchange.ts'
import { type Kept, plainAnswer, valueAt } from './plain-answer.ts'

export interface PlayedServer {
  readonly url: string
  /** An access token of the server's administrator. */
  readonly token: () => Promise<string>
}

export async function playExchanges(server: PlayedServer, groups: readonly ExchangeGroup[]): Promise<Answers> {
  const answers: Record<string, Record<string, Answer>> = {}
  for (const group of groups) answers[group.name] = await playGroup(server, group)
  return answers
}

async function playGroup(server: PlayedServer, { exchanges }: ExchangeGroup): Promise<Record<string, Answer>> {
  const realm = `exchanges-${randomUUID()}`
  const kept: Kept = new Map([
    ['realm', realm],
    ['url', server.url],
  ])
  const answers: Record<string, Answer> = {}
  await send(server, { name: '', call: 'POST /admin/realms', body: { realm, enabled: true } }, kept)
  try {
    for (const exchange of exchanges) answers[exchange.name] = await play(server, exchange, kept)
  } finally {
    await send(server, { name: '', call: 'DELETE /admin/realms/{realm}' }, kept)
  }
  return answers
}

async function play(server: PlayedServer, exchange: Exchange, kept: Kept): Promise<Answer> {
  const response = await send(server, exchange, kept)
  const text = await response.text()
  const body = parseBody(text)
  for (const [name, place] of Object.entries(exchange.keep ?? {})) kept.set(name, find(place, response, body))
  return plainAnswer(response, body, exchange, kept)
}

async function send(server: PlayedServer, exchange: Exchange, kept: Kept): Promise<Response> {
  const { body, form } = exchange
  const [method = '', path = ''] = fill(exchange.call, kept).split(' ')
  const target = path.startsWith('/') ? path : `/admin/realms/${kept.get('realm')}/${path}`.replace(/\/$/, '')
  if (form !== undefined) {
    return fetch(server.url + target, {
      method,
      body: new URLSearchParams(JSON.parse(fill(JSON.stringify(form), kept))),
    })
  }
  return fetch(server.url + target, {
    method,
    headers: { ...(await authorization(server, exchange, kept)), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: fill(JSON.stringify(body), kept) }),
  })
}

async function authorization(server: PlayedServer, { as }: Exchange, kept: Kept): Promise<Record<string, string>> {
  if (as === 'nobody') return {}
  return { authorization: `Bearer ${as === undefined ? await server.token() : kept.get(as)}` }
}

function fill(text: string, kept: Kept): string {
  return text.replace(/\{([a-z][a-zA-Z]*)\}/g, (placeholder, name: string) => kept.get(name) ?? placeholder)
}

function parseBody(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}

function find(place: string, { headers, status }: Response, body: unknown): string {
  if (place === 'location') return headers.get('location')?.split('/').at(-1) ?? ''
  const found = valueAt(body, place)
  if (typeof found !== 'string')
    throw new Error(`Nothing at ${place} of an answer with ${status}: ${JSON.stringify(body)}`)
  return found
}
