// The bearer token of the operator: 256 bits in a file made for its owner alone at the first start.
import { closeSync, fchmodSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { type GatewayRequest, header } from '../http/request.ts'
import { GatewayError, isGatewayError, systemCode } from '../kernel/errors.ts'
import { createSecret, isSameSecret } from '../kernel/secrets.ts'

const TOKEN_BYTES = 32
const TOKEN_MIN_CHARACTERS = 32
/** A group may read it: a secret that Kubernetes mounts for a process without root can have no narrower mode. */
const OTHERS_MODE_BITS = 0o007

/** Throws `ERR_CONFIG_INVALID` when the file cannot be had, others may read it, or what it holds is too short. */
export function loadOperatorToken(file: string): string {
  try {
    makeTokenFile(file)
    return readTokenFile(file)
  } catch (error) {
    throw isGatewayError(error) ? error : new GatewayError('ERR_CONFIG_INVALID', { file }, error)
  }
}

function makeTokenFile(file: string): void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'wx', 0o600)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    throw error
  }
  // The umask may have taken bits away, never added any; some file systems ignore the mode at creation.
  fchmodSync(descriptor, 0o600)
  writeSync(descriptor, `${createSecret(TOKEN_BYTES)}\n`)
  closeSync(descriptor)
}

function readTokenFile(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const isShared = process.platform !== 'win32' && (fstatSync(descriptor).mode & OTHERS_MODE_BITS) !== 0
    if (isShared) throw new GatewayError('ERR_CONFIG_INVALID', { file, reason: 'anybody may read it; chmod 600' })
    const token = readFileSync(descriptor, 'utf8').trim()
    if (token.length < TOKEN_MIN_CHARACTERS) {
      throw new GatewayError('ERR_CONFIG_INVALID', { file, reason: `shorter than ${TOKEN_MIN_CHARACTERS} characters` })
    }
    return token
  } finally {
    closeSync(descriptor)
  }
}

export function isAuthorized(request: Pick<GatewayRequest, 'headers'>, token: string): boolean {
  const presented = /^Bearer +([^ ]+)$/i.exec(header(request, 'authorization') ?? '')?.[1]
  return presented !== undefined && isSameSecret(token, presented)
}
