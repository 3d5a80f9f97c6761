import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ApiException } from '@kubernetes/client-node'
import type { ProvisionError } from '../../src/errors.ts'
import { type ClusterCall, clusterError } from '../../src/kubernetes/cluster-error.ts'
import { encode } from '../../src/kubernetes/secret.ts'

const CANARY = 'canary-secret-value'
const CALL: ClusterCall = { what: 'write Secret x in y', rights: [], secrets: [CANARY, encode(CANARY)] }

function errorOf(status: number, body: unknown): ProvisionError {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const error = clusterError(new ApiException(status, 'Unknown', text, {}), CALL, 'https://cluster.example', [])
  return error as ProvisionError
}

test('an admission webhook that quotes what it was sent does not get it into an error', () => {
  const message = `denied: ${CANARY}, which is ${encode(CANARY)}\u001b[2J`
  const error = errorOf(403, { reason: 'Forbidden', message })
  assert.equal(error.code, 'ERR_DELIVERY_FAILED')
  assert.doesNotMatch(inspect(error), /canary|Y2FuYXJ5|\u001b/)
})

test('an answer of something that is no API server is not quoted', () => {
  const error = errorOf(404, `<html>${CANARY}</html>`)
  assert.equal(error.code, 'ERR_DELIVERY_FAILED')
  assert.doesNotMatch(inspect(error), /canary|html/)
})

for (const status of [429, 500, 503]) {
  test(`an answer of ${status} is a cluster that cannot be had`, () => {
    assert.equal(errorOf(status, {}).code, 'ERR_CLUSTER_UNREACHABLE')
  })
}

test('a mistake of ours is not dressed up', () => {
  const mistake = new TypeError('undefined is not a function')
  assert.equal(clusterError(mistake, CALL, 'https://cluster.example', []), mistake)
})
