// "doorman explain --url": the same question, asked of a running gateway at its operator's listener.
import { readFileSync } from 'node:fs'
import { type Explanation, isLoopbackHost } from '@doorman/gateway'
import type { ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { type ExplainOptions, printExplanation, readClaims } from './explain.ts'

export interface RemoteExplainOptions extends Omit<ExplainOptions, 'config'> {
  /** An origin. */
  readonly url: string
  /** The file with the operator's token. */
  readonly tokenFile: string | null
  /** The public handle of a live session. */
  readonly session: string | null
  readonly showClaims: boolean
}

const TIMEOUT_SECONDS = 10

export async function explainRemotely(options: RemoteExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const question = JSON.stringify(buildQuestion(options))
  const endpoint = parseEndpoint(options.url)
  const token = readToken(options.tokenFile)
  if (endpoint.protocol === 'http:' && !isLoopbackHost(endpoint.hostname)) {
    terminal.tell(`warning: the operator's token goes to ${endpoint.host} without encryption`)
  }
  const explanation = await ask(endpoint, token, question)
  const isMasked = !options.showClaims && (options.claims !== null || options.session !== null)
  if (isMasked) terminal.tell('Values of claims are masked; --show-claims shows them.')
  return printExplanation(explanation, options.json, terminal)
}

function buildQuestion({ method, path, claims, as, session, via, tenant, showClaims }: RemoteExplainOptions) {
  if (as !== null) throw new CommandError('--as is for the development realm; with --url use --session or --claims')
  if (claims !== null && session !== null) throw new CommandError('--claims and --session: say who only once')
  const caller = claims === null ? {} : { claims: readClaims(claims), via }
  return { method, path, ...caller, ...(session === null ? {} : { session }), tenant, showClaims }
}

function parseEndpoint(url: string): URL {
  const parsed = URL.parse('/explain', url)
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed
  throw new CommandError('--url: expected the operator listener, such as http://127.0.0.1:4001')
}

function readToken(file: string | null): string {
  if (file === null) throw new CommandError('--url needs --token-file, the file of operator.tokenFile')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new CommandError(`${file}: cannot be read`)
  }
}

async function ask(endpoint: URL, token: string, question: string): Promise<Explanation> {
  const answer = await send(endpoint, token, question)
  if (answer.status === 200) return (await answer.json()) as Explanation
  throw new CommandError(REFUSALS[answer.status] ?? `${endpoint.origin} answers ${answer.status}`)
}

async function send(endpoint: URL, token: string, question: string): Promise<Response> {
  try {
    return await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: question,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    })
  } catch {
    throw new CommandError(`${endpoint.origin} does not answer as an operator listener (operator.listen)`)
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'the gateway does not understand the question; is it of another version?',
  401: 'the gateway does not take this token; is it that of its operator.tokenFile?',
  404: 'the gateway knows no such session, or has no operator.tokenFile',
}
