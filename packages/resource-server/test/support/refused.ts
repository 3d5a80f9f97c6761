import assert from 'node:assert/strict'
import { BearerError, type BearerFault } from '../../src/index.ts'

export interface ExpectedRefusal {
  readonly status: number
  readonly code: string | undefined
  readonly reason?: BearerFault
}

export async function assertRefused(answer: Promise<unknown>, expected: ExpectedRefusal): Promise<void> {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof BearerError, String(error))
    const { status, code, reason } = error
    assert.deepEqual({ status, code, reason }, { reason, ...expected })
    return true
  })
}

export const INVALID_TOKEN = { status: 401, code: 'invalid_token' } as const
