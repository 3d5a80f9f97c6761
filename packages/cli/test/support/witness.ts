// Sees what a browser sees: every address and every answer, and whatever the code of a page could read. Reports tokens.
import type { BrowserContext, Page, Response } from 'playwright-core'

/** Every token of both realms, refresh tokens included, is a JWT in compact form. */
const JWT = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/

const END_SESSION_PATH = '/protocol/openid-connect/logout'
const ID_TOKEN_HINT = /(?<=[?&]id_token_hint=)[^&\s]+/g

export interface Witness {
  /** Where a token was seen; the `id_token_hint` on the way to the realm's logout does not count. Close the context first. */
  tokens(): Promise<readonly string[]>
  /** How many requests took an `id_token_hint` to the realm. */
  hints(): number
  /** How many bodies of answers were read. Close the context first. */
  bodies(): Promise<number>
}

interface Sight {
  readonly where: string
  readonly text: string
  readonly isBody: boolean
}

/** `publicUrl`: the cookies that other origins set for themselves are theirs. */
export function watch(context: BrowserContext, publicUrl: string): Witness {
  const sights: Promise<readonly Sight[]>[] = []
  let hints = 0
  context.on('request', (request) => {
    const url = request.url()
    if (new URL(url).pathname.endsWith(END_SESSION_PATH) && url.includes('id_token_hint=')) hints += 1
    sights.push(Promise.resolve([sight(`address ${new URL(url).pathname}`, withoutHint(url))]))
  })
  context.on('response', (response) => sights.push(readResponse(response, publicUrl)))

  const all = async () => (await Promise.all(sights)).flat()
  return {
    tokens: async () => (await all()).filter(({ text }) => JWT.test(text)).map(({ where }) => where),
    hints: () => hints,
    bodies: async () => (await all()).filter(({ isBody }) => isBody).length,
  }
}

function sight(where: string, text: string, isBody = false): Sight {
  return { where, text, isBody }
}

async function readResponse(response: Response, publicUrl: string): Promise<readonly Sight[]> {
  const where = `${response.status()} ${new URL(response.url()).pathname}`
  const isOurs = response.url().startsWith(`${publicUrl}/`)
  const headers = (await response.headersArray()).filter(({ name }) => isOurs || name.toLowerCase() !== 'set-cookie')
  const sights = headers.map(({ name, value }) => sight(`${where}, header ${name}`, withoutHint(value)))
  // A redirect has no body, and one that its page never read waits until the page is closed.
  const body = await response.text().catch(() => '')
  return body === '' ? sights : [...sights, sight(`${where}, body`, body, true)]
}

function withoutHint(text: string): string {
  return URL.parse(text)?.pathname.endsWith(END_SESSION_PATH) === true ? text.replaceAll(ID_TOKEN_HINT, '') : text
}

/** A string, because it runs in the page: all that scripts can get at without asking the network. */
const READ_PAGE = `(async () => {
  const texts = [document.cookie, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })]
  texts.push(document.documentElement.outerHTML, location.href, document.referrer, JSON.stringify(history.state))
  texts.push(window.name, ...performance.getEntries().map((entry) => entry.name))
  texts.push(...(await indexedDB.databases()).map((database) => database.name), ...(await caches.keys()))
  for (const name of Object.getOwnPropertyNames(window)) {
    try {
      texts.push(String(JSON.stringify(window[name])))
    } catch {
      // Circular, or not for scripts.
    }
  }
  return texts.join('\\n')
})()`

export async function readPage(page: Page): Promise<string> {
  return await page.evaluate<string>(READ_PAGE)
}

export function hasToken(text: string): boolean {
  return JWT.test(text)
}
