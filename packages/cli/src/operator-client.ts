// A running gateway, asked at its operator's listener.
import { readFileSync } from 'node:fs'
import { isLoopbackHost } from '@doorman/gateway'
import { CommandError } from './failure.ts'
import type { Terminal } from './terminal.ts'

export interface OperatorQuestion {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path and query. */
  readonly path: string
  /** JSON; null for none. */
  readonly body: string | null
}

export interface OperatorClient {
  /** The answer's JSON. Throws a `CommandError` for what is not 200, and for no answer. */
  ask(question: OperatorQuestion): Promise<unknown>
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'the gateway does not understand the question; is it of another version?',
  401: 'the gateway does not take this token; is it that of its operator.tokenFile?',
  404: 'the gateway knows no such session, or has no operator.tokenFile',
  503: 'the gateway cannot reach its store at the moment',
}

export function openOperatorClient(
  { url, tokenFile, timeoutSeconds }: { url: string; tokenFile: string | null; timeoutSeconds: number },
  terminal: Terminal,
): OperatorClient {
  const token = readToken(tokenFile)
  const { protocol, hostname, host } = parseOrigin(url)
  if (protocol === 'http:' && !isLoopbackHost(hostname)) {
    terminal.tell(`warning: the operator's token goes to ${host} without encryption`)
  }
  return {
    async ask({ method, path, body }) {
      const endpoint = new URL(path, url)
      const answer = await send(endpoint, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === null ? {} : { 'content-type': 'application/json' }) },
        ...(body === null ? {} : { body }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      })
      if (answer.status === 200) return answer.json()
      throw new CommandError(REFUSALS[answer.status] ?? `${endpoint.origin} answers ${answer.status}`)
    },
  }
}

function parseOrigin(url: string): URL {
  const parsed = URL.parse(url)
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

async function send(endpoint: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(endpoint, request)
  } catch {
    throw new CommandError(`${endpoint.origin} does not answer as an operator listener (operator.listen)`)
  }
}
