// The form of a small request to an endpoint of our own.
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../kernel/errors.ts'
import { parseQuery, type Query } from './query.ts'
import { readText, type TextLimits } from './read-text.ts'

/**
 * The fields by name, each of which stands once. Read when it is called, once.
 * Rejects with `ERR_REQUEST_MALFORMED` for anything but a whole `application/x-www-form-urlencoded` form in UTF-8; its
 * `reason` is `size` for one that is too large.
 */
export type ReadForm = () => Promise<Query>

const FORM = /^application\/x-www-form-urlencoded\s*(?:;\s*charset="?utf-8"?\s*)?$/i

export function createFormReader(message: IncomingMessage, limits: TextLimits): ReadForm {
  return async () => {
    if (!FORM.test(message.headers['content-type'] ?? '')) throw malformed('content-type')
    const read = await readText(message, limits)
    if (read.kind === 'text') return parseQuery(`?${read.text}`)
    // The rest is read and dropped: unread, it would block the connection behind our answer.
    message.resume()
    throw malformed(read.kind === 'too-large' ? 'size' : 'body')
  }
}

function malformed(reason: string): GatewayError {
  return new GatewayError('ERR_REQUEST_MALFORMED', { reason })
}
