// A gateway as an application behind it sees it: its public keys, its tokens for services, and what it sends on.
import { createTestIssuer, type TestCaller } from '@doorman/resource-server/testing'
import { createTestUpstream } from '../../../gateway/test/support/test-upstream.ts'

export const GATEWAY = 'https://gateway.test'

export interface GatewayStub {
  readonly internalUrl: string
  /** The headers of a request that the gateway has sent on. */
  headersOf(caller?: TestCaller): Promise<Headers>
  close(): Promise<void>
}

export async function openGatewayStub(audience: string): Promise<GatewayStub> {
  const issuer = await createTestIssuer({ audience })
  const { gateway, fetch } = issuer.guardOptions
  const keys = await (await fetch?.(String(Object(gateway).jwksUrl)))?.text()
  const upstream = await createTestUpstream()
  upstream.answer((message, response) => {
    const tokens = JSON.stringify({ access_token: 'token-of-agent', token_type: 'Bearer', expires_in: 60 })
    message.resume().on('end', () => response.end(message.url === '/.well-known/jwks.json' ? keys : tokens))
  })
  return {
    internalUrl: upstream.origin,
    headersOf: async (caller) =>
      new Headers({ authorization: await issuer.authorization({ sessionId: 'handle', ...caller }) }),
    close: upstream.close,
  }
}
