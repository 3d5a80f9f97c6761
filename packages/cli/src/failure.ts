// One line for what went wrong, with what to do about it. The gateway's errors carry no secrets.
import { EXIT_CODE, type ExitCode } from './exit-code.ts'

export interface Failure {
  readonly line: string
  readonly exitCode: ExitCode
}

interface CodedError extends Error {
  readonly code: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** An error whose text is meant for the person at the terminal. */
export class CommandError extends Error {}

export function describeFailure(error: unknown): Failure {
  const { line, exitCode } = describe(error)
  // Servers have a say in some of it, and must not steer the terminal.
  return { line: line.replace(/[^\P{Cc}\n\t]/gu, ' '), exitCode }
}

function describe(error: unknown): Failure {
  if (error instanceof CommandError) return { line: `doorman: ${error.message}`, exitCode: EXIT_CODE.failure }
  if (!isCoded(error)) return { line: `doorman: ${String(error)}`, exitCode: EXIT_CODE.failure }
  const exitCode = error.code === 'ERR_CONFIG_INVALID' ? EXIT_CODE.configuration : EXIT_CODE.failure
  const { remedy, ...detail } = error.detail ?? {}
  if (error.code === 'ERR_LISTEN_FAILED' && detail.because === 'EADDRINUSE') {
    return { line: `doorman: port ${detail.port} is taken by another process; stop it, or use another port`, exitCode }
  }
  const facts = Object.entries(detail).map(([name, value]) => `${name}: ${value}`)
  const about = facts.length === 0 ? '' : ` (${facts.join(', ')})`
  const text = error.message === error.code ? '' : `: ${error.message}`
  return { line: `doorman: ${error.code}${text}${about}${remedy === undefined ? '' : `; ${remedy}`}`, exitCode }
}

export function isCoded(error: unknown, code?: string): error is CodedError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return code === undefined || error.code === code
}
