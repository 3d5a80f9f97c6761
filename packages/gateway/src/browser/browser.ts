// For pages of an application behind the gateway: what becomes of the session, told to every tab by one connection, and
// a fetch that leads to the login. Runs in browsers, imports nothing, and reads no cookie.

export type SessionChange =
  | { readonly type: 'ended'; readonly reason: SessionEndReason }
  /** It ends in so many seconds unless somebody uses it. */
  | { readonly type: 'ending'; readonly seconds: number }
  /** It goes on; seconds until it ends if nothing more happens. */
  | { readonly type: 'renewed'; readonly expiresIn: number }
  /** Another session has taken its place. */
  | { readonly type: 'changed'; readonly samePerson: boolean }

export type SessionEndReason =
  | 'logout'
  | 'ended-elsewhere'
  | 'administrator'
  | 'idle'
  | 'absolute'
  | 'realm'
  | 'too-many-sessions'
  | 'unknown'

export interface SessionChangeOptions {
  /** The gateway's `endpoints.events`. Default `/auth/events`. */
  readonly url?: string
  /** Whom the page was made for, as `/auth/user` says it in `id`. Default: whoever is logged in when it is first heard of. */
  readonly person?: string | undefined
}

type Facts = { id?: string; seconds?: number; expires_in?: number; reason?: SessionEndReason }
type News = [name: string, facts?: Facts]

/** Beyond two of the gateway's heartbeats. */
const QUIET_MILLISECONDS = 50_000

/**
 * Calls the listener in every tab that has asked, until the returned function is called. When somebody else has logged
 * in, the tab is loaded anew unless the listener returns `false`.
 */
export function onSessionChange(
  listener: (change: SessionChange) => unknown,
  { url = '/auth/events', person: madeFor }: SessionChangeOptions = {},
): () => void {
  const stopping = new AbortController()
  const { signal } = stopping
  const name = `doorman ${url}`
  const channel = new BroadcastChannel(name)
  const { locks } = navigator
  let person = madeFor
  let isOver = false
  let isDue = false
  let last: News | undefined
  let wait = 0
  let wake = () => {}
  let cut = () => {}

  function tell(change: SessionChange): void {
    try {
      const isTaken = listener(change) === false
      if (change.type === 'changed' && !change.samePerson && !isTaken) location.reload()
    } catch (error) {
      reportError(error)
    }
  }

  function hear([kind, facts = {}]: News): void {
    const { id, reason = 'unknown', seconds = 0, expires_in: expiresIn = 0 } = facts
    if (kind === 'session') {
      const isNew = person !== undefined && (isOver || isDue || person !== id)
      const samePerson = person === id
      person = id
      isOver = isDue = false
      if (isNew) tell({ type: 'changed', samePerson })
    } else if (kind === 'session-changed') isDue = true
    else if (kind === 'session-ending') tell({ type: 'ending', seconds })
    else if (kind === 'session-renewed') tell({ type: 'renewed', expiresIn })
    else if (kind === 'session-ended' && person !== undefined && !isOver) {
      isOver = true
      tell({ type: 'ended', reason })
    }
  }

  function say(news: News): void {
    channel.postMessage(news)
    hear(news)
  }

  // Who follows is looked up by the cookie: when the old session ends, the browser may not have the new one's yet.
  function take(kind: string, facts: Facts): void {
    const isFollowed = kind === 'session-changed' || facts.reason === 'unknown'
    if (isFollowed) wait = 1000
    else if (kind === 'session-ended') wait = Infinity
    else wait = 2000
    const news: News = [isFollowed ? 'session-changed' : kind, facts]
    if (kind === 'session') last = news
    say(news)
  }

  async function listen(): Promise<void> {
    const connection = new AbortController()
    cut = () => connection.abort()
    let quiet = setTimeout(cut, QUIET_MILLISECONDS)
    try {
      const { status, body } = await fetch(url, { credentials: 'include', signal: connection.signal })
      if (status === 401) {
        wait = Infinity
        say(['session-ended'])
      }
      if (status !== 200 || !body) return
      const reader = body.pipeThrough(new TextDecoderStream()).getReader()
      for (let text = ''; ; ) {
        const { done, value } = await reader.read()
        if (done) return
        clearTimeout(quiet)
        quiet = setTimeout(cut, QUIET_MILLISECONDS)
        const blocks = (text + value).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) {
          const [, kind, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? []
          if (kind && data) take(kind, JSON.parse(data))
        }
      }
    } finally {
      clearTimeout(quiet)
      last = undefined
    }
  }

  async function lead(): Promise<void> {
    while (!signal.aborted) {
      wait = Math.min(wait * 2, 60_000) || 2000
      if (locks || !document.hidden) await listen().catch(() => {})
      else wait = Infinity
      if (signal.aborted) return
      await new Promise<void>((resolve) => {
        wake = resolve
        if (wait < Infinity) setTimeout(resolve, wait * (0.5 + Math.random()))
      })
    }
  }

  function ask(): void {
    wake()
    channel.postMessage(['hello'])
  }

  channel.onmessage = ({ data }) => {
    if (data[0] !== 'hello') hear(data)
    else if (last) channel.postMessage(last)
    else wake()
  }
  document.addEventListener(
    'visibilitychange',
    () => {
      if (!document.hidden) ask()
      else if (!locks) cut()
    },
    { signal },
  )
  ask()
  if (locks) locks.request(name, { signal }, lead).catch(() => {})
  else lead()
  return () => {
    stopping.abort()
    cut()
    wake()
    channel.close()
  }
}

/**
 * `fetch` for the page's own origin: says that the page itself asks, and answers a 401 that names a `login_url` by
 * going there and coming back. Whatever has another origin is fetched as it is.
 */
export async function doormanFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  if (new URL(request.url).origin !== location.origin) return fetch(request)
  request.headers.set('X-Doorman', '1')
  const response = await fetch(request)
  if (response.status === 401) {
    const problem = await response
      .clone()
      .json()
      .catch(() => null)
    if (problem?.login_url) goToLogin(problem.login_url)
  }
  return response
}

const LOGIN_KEY = 'doorman login'

/** Not twice within a few seconds: a login that does not help would lead around in circles. */
function goToLogin(loginUrl: string): void {
  const url = new URL(loginUrl, location.href)
  if (url.origin !== location.origin || Date.now() - Number(sessionStorage.getItem(LOGIN_KEY)) < 10_000) return
  sessionStorage.setItem(LOGIN_KEY, String(Date.now()))
  url.searchParams.set('return_to', location.pathname + location.search + location.hash)
  location.assign(url)
}
