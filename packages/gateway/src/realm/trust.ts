// Which certificate authorities a realm's certificate may come from.
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { GatewayError } from '../kernel/errors.ts'

/** Where OpenShift mounts the cluster's trusted bundle. */
export const CLUSTER_CA_FILE = '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem'

export interface TrustOptions {
  /** PEM texts of the configuration; each may hold several certificates. */
  readonly ca: readonly string[]
  /** `NODE_EXTRA_CA_CERTS`: Node only warns when the file is missing, and then every call to the realm fails. */
  readonly extraCaFile: string | undefined
  /** Read when it is there. */
  readonly clusterCaFile: string
}

function readExtraCaFile(path: string | undefined): string[] {
  if (path === undefined || path === '') return []
  try {
    return [readFileSync(path, 'utf8')]
  } catch (cause) {
    throw new GatewayError('ERR_CONFIG_INVALID', { because: `NODE_EXTRA_CA_CERTS: cannot read ${path}` }, cause)
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs

// Node passes over what it cannot parse, and then nothing is trusted.
function checkBundle(pem: string): void {
  const certificates = pem.match(PEM_CERTIFICATE)
  if (certificates === null) throw new GatewayError('ERR_CONFIG_INVALID', { because: 'a CA bundle has no certificate' })
  try {
    for (const certificate of certificates) new X509Certificate(certificate)
  } catch (cause) {
    throw new GatewayError('ERR_CONFIG_INVALID', { because: 'a certificate of a CA bundle is broken' }, cause)
  }
}

/**
 * Node's authorities and the configured ones, parsed once; null when Node's alone are enough.
 * Throws `ERR_CONFIG_INVALID` for a file that is missing or holds no certificate.
 */
export function createTrust(options: TrustOptions): SecureContext | null {
  const cluster = existsSync(options.clusterCaFile) ? [readFileSync(options.clusterCaFile, 'utf8')] : []
  const added = [...options.ca, ...readExtraCaFile(options.extraCaFile), ...cluster]
  if (added.length === 0) return null
  added.forEach(checkBundle)
  return createSecureContext({ ca: [...getCACertificates('default'), ...added] })
}
