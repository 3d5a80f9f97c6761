// "doorman explain --url": the same question, asked of a running gateway at its operator's listener.
import type { Explanation } from '@doorman/gateway'
import type { ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import { openOperatorClient } from '../operator-client.ts'
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
  const body = JSON.stringify(buildQuestion(options))
  const operator = openOperatorClient({ ...options, timeoutSeconds: TIMEOUT_SECONDS }, terminal)
  const explanation = (await operator.ask({ method: 'POST', path: '/explain', body })) as Explanation
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
