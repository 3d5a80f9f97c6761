// The realms of all rows: the one people log in to, the second one beside it, and the person who logs in.
import { startDevRealmPair } from '@doorman/dev-realm'
import { createBrowser } from '@doorman/dev-realm/browser'

/** Longer than any bench: what is measured is a warm session, not its refresh. */
const ACCESS_TOKEN_SECONDS = 3600

export interface BenchRealm {
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  /** The second realm, and our client in it. */
  readonly models: { readonly issuer: string; readonly clientId: string; readonly secret: string }
  close(): Promise<void>
}

export async function startRealm(redirectUris: readonly string[]): Promise<BenchRealm> {
  const pair = await startDevRealmPair({ redirectUris, settings: { accessTokenSeconds: ACCESS_TOKEN_SECONDS } })
  return {
    issuer: pair.main.issuer,
    ...clientOf('web-gateway'),
    models: { issuer: pair.models.issuer, ...clientOf('model-gateway') },
    close: () => pair.close(),
  }
}

function clientOf(clientId: string) {
  return { clientId, secret: `${clientId}-test-secret` }
}

/** Logs in by navigating to `url` and returns the cookies that `page`, which is then reached, gets from a browser. */
export async function logIn(url: string, page: string): Promise<string> {
  const browser = createBrowser()
  await browser.logIn(url, { username: 'alice', password: 'alice' })
  const answer = await browser.fetch(page)
  const cookie = browser.cookies.header(page)
  if (answer.status !== 200 || cookie === undefined) throw new Error(`no session from ${url}: ${answer.status}`)
  return cookie
}
