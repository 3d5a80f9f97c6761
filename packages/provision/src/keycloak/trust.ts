// Whom TLS connections of this process believe, beside the authorities that come with Node.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ProvisionError } from '../errors.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/**
 * Believes the certificates of these bundles (PEM) for the rest of the process. Throws `ERR_TRUST_INVALID` for a file
 * that cannot be read or holds no certificate, and where the environment says that nobody is verified; nothing has
 * changed then.
 */
export function useAuthorities(files: readonly string[]): void {
  refuseBlindTrust()
  if (files.length === 0) return
  const bundles = files.flatMap(readBundle)
  setDefaultCACertificates([...getCACertificates('default'), ...bundles])
}

function refuseBlindTrust(): void {
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return
  const text = 'Secrets are sent to a verified server alone: NODE_TLS_REJECT_UNAUTHORIZED=0 verifies none'
  const remedy = 'unset it, and write the bundle of your authority at tls.ca'
  throw new ProvisionError('ERR_TRUST_INVALID', text, { remedy })
}

function readBundle(file: string): readonly string[] {
  const certificates = readText(file).match(CERTIFICATE) ?? []
  if (certificates.length === 0) throw trustError(file, 'holds no certificate')
  for (const certificate of certificates) checkCertificate(file, certificate)
  return certificates
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw trustError(file, 'cannot be read', cause)
  }
}

function checkCertificate(file: string, text: string): void {
  try {
    new X509Certificate(text)
  } catch (cause) {
    throw trustError(file, 'holds a certificate that cannot be read', cause)
  }
}

function trustError(file: string, because: string, cause?: unknown): ProvisionError {
  return new ProvisionError('ERR_TRUST_INVALID', `The CA bundle ${file} ${because}`, { file, because }, { cause })
}
