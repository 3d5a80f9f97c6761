// A browser without a window, for tests and for the walk through the demo: it keeps cookies, follows redirects when
// asked, sends what Chromium would say about a navigation or a fetch, and fills in login forms.

import { type Dispatcher, errors, request as sendRequest } from 'undici'

export interface BrowserRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface BrowserAnswer {
  readonly url: string
  readonly method: string
  readonly status: number
  readonly headers: Headers
  /** The names of the cookies that this answer set or cleared. */
  readonly cookiesSet: readonly string[]
  readonly body: string
}

export interface LoginForm {
  readonly action: string
  readonly fields: ReadonlyMap<string, string>
  /** Names and values of submit buttons. */
  readonly buttons: ReadonlyArray<readonly [name: string, value: string]>
}

export interface Browser {
  /** What a page's own code sends: same origin, cors mode, no redirect followed. */
  fetch(url: string, request?: BrowserRequest): Promise<BrowserAnswer>
  /** What a click or a typed address sends; one step, no redirect followed. */
  navigate(url: string, request?: BrowserRequest): Promise<BrowserAnswer>
  /** Navigates and follows redirects, at most 15, until something else comes. All answers, the last one at the end. */
  follow(url: string, request?: BrowserRequest): Promise<readonly BrowserAnswer[]>
  /** Follows to the realm's login form, fills it in for a person, and follows on to where the application sends them. */
  logIn(
    url: string,
    person: { readonly username: string; readonly password: string },
  ): Promise<readonly BrowserAnswer[]>
  readonly cookies: CookieJar
}

export interface CookieJar {
  /** The `Cookie` header for a URL, or undefined. Ports do not separate cookies (RFC 6265 section 8.5). */
  header(url: string): string | undefined
  get(host: string, name: string): string | undefined
  set(host: string, name: string, value: string): void
  names(host: string): readonly string[]
  clear(): void
}

const MAX_STEPS = 15

interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

function createCookieJar(): CookieJar & { store(url: URL, setCookie: string): string } {
  /** By host, then by name and path: a cookie of another path is another cookie (RFC 6265 section 5.3). */
  const byHost = new Map<string, Map<string, StoredCookie>>()
  const jar = (host: string) => {
    const found = byHost.get(host) ?? new Map<string, StoredCookie>()
    byHost.set(host, found)
    return found
  }
  const identity = (name: string, path: string) => `${name};${path}`
  const cookiesOf = (host: string) => [...jar(host).values()]
  return {
    header(url) {
      const { hostname, pathname } = new URL(url)
      const sent = cookiesOf(hostname).filter(({ path }) => matchesPath(pathname, path))
      return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    },
    get: (host, name) => cookiesOf(host).find((cookie) => cookie.name === name)?.value,
    set: (host, name, value) => {
      jar(host).set(identity(name, '/'), { name, value, path: '/' })
    },
    names: (host) => cookiesOf(host).map(({ name }) => name),
    clear: () => byHost.clear(),
    // "Secure" is not looked at: localhost counts as trustworthy in browsers, and Keycloak relies on that.
    store(url, setCookie) {
      const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim())
      const name = pair.slice(0, pair.indexOf('='))
      const attribute = (wanted: string) =>
        attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1)
      const path = attribute('path') ?? '/'
      const expires = attribute('expires')
      const isGone = attribute('max-age') === '0' || (expires !== undefined && Date.parse(expires) < Date.now())
      if (isGone) jar(url.hostname).delete(identity(name, path))
      else jar(url.hostname).set(identity(name, path), { name, value: pair.slice(name.length + 1), path })
      return name
    },
  }
}

/** A kept connection may close while the next request is on its way; browsers then ask again (RFC 9112 section 9.3.1). */
function wasKeptConnection(error: unknown): boolean {
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0
}

function matchesPath(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

export interface BrowserOptions {
  /** Connections of its own, for example with a certificate to trust. Default: undici's global ones. */
  readonly dispatcher?: Dispatcher
}

export function createBrowser(options: BrowserOptions = {}): Browser {
  const cookies = createCookieJar()

  async function send(
    url: string,
    request: BrowserRequest,
    metadata: Readonly<Record<string, string>>,
  ): Promise<BrowserAnswer> {
    const cookie = cookies.header(url)
    const method = request.method ?? 'GET'
    // Not `fetch`: it overwrites `sec-fetch-mode`, which is what this browser is about.
    const ask = () =>
      sendRequest(url, {
        method: method as Dispatcher.HttpMethod,
        headers: { ...metadata, ...(cookie === undefined ? {} : { cookie }), ...request.headers },
        body: request.body ?? null,
        signal: request.signal ?? null,
        ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
      })
    const answer = await ask().catch((error: unknown) => {
      if (method === 'GET' && wasKeptConnection(error)) return ask()
      throw error
    })
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const each of [value ?? []].flat()) headers.append(name, each)
    }
    const cookiesSet = headers.getSetCookie().map((value) => cookies.store(new URL(url), value))
    return { url, method, status: answer.statusCode, headers, cookiesSet, body: await answer.body.text() }
  }

  const browser: Browser = {
    cookies,
    fetch(url, request = {}) {
      const sameOrigin = {
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'cors',
        'sec-fetch-dest': 'empty',
        accept: '*/*',
      }
      return send(url, request, sameOrigin)
    },
    navigate(url, request = {}) {
      const navigation = {
        'sec-fetch-site': 'none',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        accept: 'text/html',
      }
      return send(url, request, navigation)
    },
    async follow(url, request = {}) {
      const answers = [await browser.navigate(url, request)]
      for (let steps = 1; steps < MAX_STEPS; steps += 1) {
        const last = answers.at(-1)
        const location = last?.headers.get('location')
        if (last === undefined || location === null || location === undefined) return answers
        answers.push(
          await browser.navigate(new URL(location, last.url).href, { headers: { 'sec-fetch-site': 'cross-site' } }),
        )
      }
      throw new Error(`more than ${MAX_STEPS} redirects from ${new URL(url).pathname}`)
    },
    async logIn(url, person) {
      const answers = [...(await browser.follow(url))]
      for (let pages = 0; pages < 3; pages += 1) {
        const last = answers.at(-1)
        const form = last === undefined ? undefined : findLoginForm(last)
        if (form === undefined) break
        answers.push(...(await browser.follow(form.action, submission(form, person))))
      }
      return answers
    },
  }
  return browser
}

/** The first form of a page that asks who somebody is; undefined on any other page. */
export function findLoginForm(page: Pick<BrowserAnswer, 'url' | 'body'>): LoginForm | undefined {
  for (const [, attributes = '', content = ''] of page.body.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)) {
    const buttons = [...content.matchAll(/<button\b([^>]*)>/gi)].map(
      ([, text = '']) => [attribute(text, 'name'), attribute(text, 'value')] as const,
    )
    const inputs = [...content.matchAll(/<input\b([^>]*)>/gi)].map(
      ([, text = '']) => [attribute(text, 'name'), attribute(text, 'value')] as const,
    )
    const fields = new Map(inputs.filter(([name]) => name !== ''))
    const isLogin = fields.has('username') || fields.has('password') || buttons.some(([name]) => name === 'user')
    if (isLogin) return { action: new URL(attribute(attributes, 'action'), page.url).href, fields, buttons }
  }
  return undefined
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`, 'i').exec(tag)?.[1] ?? ''
  return value.replaceAll('&amp;', '&').replaceAll('&quot;', '"')
}

function submission(form: LoginForm, person: { readonly username: string; readonly password: string }): BrowserRequest {
  const body = new URLSearchParams([...form.fields])
  if (form.fields.has('username')) body.set('username', person.username)
  if (form.fields.has('password')) body.set('password', person.password)
  if (form.buttons.some(([name, value]) => name === 'user' && value === person.username))
    body.set('user', person.username)
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
  return { method: 'POST', body: body.toString(), headers }
}
