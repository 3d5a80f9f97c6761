// The realm all rows with a session log in to, and the person who does.
import { randomBytes } from 'node:crypto'
import { startDevRealm } from '@doorman/dev-realm'
import { createBrowser } from '@doorman/dev-realm/browser'

/** Longer than any bench: what is measured is a warm session, not its refresh. */
const ACCESS_TOKEN_SECONDS = 3600

export interface BenchRealm {
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  close(): Promise<void>
}

export async function startRealm(redirectUris: readonly string[]): Promise<BenchRealm> {
  const client = { clientId: 'bench', secret: randomBytes(32).toString('base64url') }
  const realm = await startDevRealm({
    clients: [{ ...client, redirectUris }],
    settings: { accessTokenSeconds: ACCESS_TOKEN_SECONDS },
  })
  return { ...client, issuer: realm.issuer, close: () => realm.close() }
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
