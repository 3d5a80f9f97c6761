import { once } from 'node:events'
import { isIP } from 'node:net'
import { connect, type DetailedPeerCertificate } from 'node:tls'
import { type Fault, type Finding, ok, unneeded, wrong } from '../finding.ts'
import { bareHost, portOf } from '../hosts.ts'
import type { RealmFacts } from '../realm-facts.ts'

export async function checkTls({ url, realm }: RealmFacts): Promise<Finding> {
  if (url.protocol === 'http:') return unneeded('http: there is no TLS')
  if (realm.authoritiesProblem !== null) {
    return wrong('ca-bundle', realm.authoritiesProblem, 'put the bundle there, or correct tls.ca', {
      bundles: realm.authorities,
    })
  }
  const shaken = await shakeHands(bareHost(url), portOf(url), realm.timeoutSeconds)
  if (shaken.kind === 'failed') {
    const remedy = 'see whether that port speaks TLS, and which versions'
    return wrong('tls-failed', `the TLS handshake fails: ${shaken.code}`, remedy, { code: shaken.code })
  }
  const { code, certificate } = shaken
  const facts = factsOf(certificate)
  if (code === undefined) return ok(`${facts.subject}, until ${facts.until}, by ${facts.issuer}`)
  return explain(code, facts, bareHost(url), realm.authorities)
}

type Shaken =
  | { readonly kind: 'shaken'; readonly code: string | undefined; readonly certificate: DetailedPeerCertificate }
  | { readonly kind: 'failed'; readonly code: string }

/** Nothing is sent over the connection, so that a certificate nobody should believe can be looked at. */
async function shakeHands(host: string, port: number, timeoutSeconds: number): Promise<Shaken> {
  const name = isIP(host) === 0 ? { servername: host } : {}
  const socket = connect({ host, port, ...name, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutSeconds * 1000) })
    const problem: unknown = socket.authorized ? undefined : socket.authorizationError
    return { kind: 'shaken', code: codeOf(problem), certificate: socket.getPeerCertificate(true) }
  } catch (error) {
    const isOurs = error instanceof Error && error.name === 'AbortError'
    return { kind: 'failed', code: isOurs ? 'timeout' : (codeOf(error) ?? 'unknown') }
  } finally {
    socket.destroy()
  }
}

function codeOf(problem: unknown): string | undefined {
  if (problem === undefined || problem === null) return undefined
  if (typeof problem === 'string') return problem
  return problem instanceof Error && 'code' in problem ? String(problem.code) : String(problem)
}

interface CertificateFacts {
  readonly subject: string
  readonly issuer: string
  readonly names: string
  readonly from: string
  readonly until: string
  /** The certificates that the server has sent with it. */
  readonly chain: readonly string[]
}

function factsOf(certificate: DetailedPeerCertificate): CertificateFacts {
  const { subject, issuer, subjectaltname = '', valid_from: from, valid_to: until } = certificate
  const chain: string[] = []
  for (let at = certificate; chain.length < 10; at = at.issuerCertificate) {
    chain.push(nameOf(at.subject))
    if (at.issuerCertificate === undefined || at.issuerCertificate === at) break
  }
  return { subject: nameOf(subject), issuer: nameOf(issuer), names: subjectaltname, from, until, chain }
}

function nameOf(name: DetailedPeerCertificate['subject'] | undefined): string {
  return String(name?.CN ?? name?.O ?? 'a certificate without a name')
}

function explain(code: string, facts: CertificateFacts, host: string, authorities: readonly string[]): Finding {
  const evidence = { code, ...facts, host, bundles: authorities }
  const found = (fault: Fault, cause: string, remedy: string) => wrong(fault, cause, remedy, evidence)
  if (code === 'CERT_HAS_EXPIRED') {
    return found(
      'certificate-expired',
      `the certificate was valid until ${facts.until}`,
      'renew it; or set the clock here',
    )
  }
  if (code === 'CERT_NOT_YET_VALID') {
    const cause = `the certificate is valid from ${facts.from} on`
    return found('certificate-early', cause, 'set the clock of whoever is wrong: here, or where it was made')
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const cause = `the certificate is for ${facts.names || facts.subject}, not for ${host}`
    return found('certificate-name', cause, `call Keycloak by a name in it, or put ${host} into the certificate`)
  }
  const bundles = authorities.length === 0 ? 'tls.ca is empty' : `none in ${authorities.join(', ')} either`
  const cause = `nobody believed here has signed the certificate of ${facts.issuer} (${code}); ${bundles}`
  const isShort = code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  const remedy = isShort
    ? 'let the server send the certificates between its own and the root; or put the issuer into tls.ca'
    : 'put the certificate of the authority into a bundle of tls.ca'
  return found('certificate-untrusted', cause, remedy)
}
