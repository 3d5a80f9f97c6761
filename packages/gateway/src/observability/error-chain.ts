// What the log says of an error and of what caused it. Names, codes and redacted messages; never another property, since
// libraries hang whole requests and responses on theirs.
import { type ErrorCode, type ErrorDetail, isGatewayError, systemCode } from '../kernel/errors.ts'
import { redact, redactField } from './redact.ts'

const CHAIN_MAX_LINKS = 5
const STACK_MAX_FRAMES = 8

export type DescribedDetail = Readonly<Record<string, string | number | boolean>>

export type DescribedError =
  | { readonly code: ErrorCode; readonly detail: DescribedDetail }
  | { readonly name: string; readonly code?: string; readonly message: string; readonly stack?: readonly string[] }

export function describeDetail(detail: ErrorDetail): DescribedDetail {
  const described: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(detail)) {
    if (value !== undefined) described[name] = redactField(name, value)
  }
  return described
}

/** The chain of causes, outermost first. `withStack` is for our own mistakes, where the place is what matters. */
export function describeCauses(cause: unknown, withStack: boolean): readonly DescribedError[] {
  const chain: DescribedError[] = []
  let link = cause
  while (link !== undefined && link !== null && chain.length < CHAIN_MAX_LINKS) {
    chain.push(describeLink(link, withStack))
    link = link instanceof Error ? link.cause : undefined
  }
  return chain
}

function describeLink(link: unknown, withStack: boolean): DescribedError {
  if (isGatewayError(link)) return { code: link.code, detail: describeDetail(link.detail) }
  // A thrown value that is no error says nothing about what it holds.
  if (!(link instanceof Error)) return { name: typeof link, message: '' }
  const code = systemCode(link)
  const stack = withStack ? { stack: stackFrames(link) } : {}
  return {
    name: redact(link.name),
    ...(code === undefined ? {} : { code: redact(code) }),
    message: redactMessage(link),
    ...stack,
  }
}

function redactMessage(error: Error): string {
  // V8 quotes the text that could not be parsed, and Node the argument that was refused.
  const message = error instanceof SyntaxError ? error.message.replace(/["'`].*["'`]/s, '"…"') : error.message
  return redact(message.replace(/\bReceived\b.*/s, 'Received …'))
}

/** The places alone: the message in front of them could hold lines that look like places. */
function stackFrames(error: Error): readonly string[] {
  const stack = error.stack ?? ''
  const start = stack.indexOf(error.message)
  const places = start < 0 ? stack : stack.slice(start + error.message.length)
  const frames = places.split('\n').filter((line) => /^ {4}at /.test(line))
  return frames.slice(0, STACK_MAX_FRAMES).map((line) => line.trim())
}
