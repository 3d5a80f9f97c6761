// The few pages of the gateway's own. Everything that varies is escaped; nothing that came with the request is shown.
import { createHash } from 'node:crypto'
import { ERRORS, type ErrorCode } from '../kernel/errors.ts'
import { isNavigation } from './navigation.ts'
import { buildProblem, buildReply, extraHeaders, type ProblemExtras, problemTitle, type Reply } from './reply.ts'
import type { GatewayRequest } from './request.ts'
import { FRONT_PAGE } from './return-to.ts'

export interface PageLink {
  /** A path of ours, or an address that has been checked. */
  readonly href: string
  readonly label: string
}

export interface Page {
  readonly title: string
  readonly text: string
  readonly links: readonly PageLink[]
  /** Small print: what somebody who helps will ask for. */
  readonly footnote: string
}

const STYLE = `:root{color-scheme:light dark;--ink:#1d2330;--soft:#5b6474;--paper:#f5f6f8;--card:#fff;--line:#dfe3ea;--accent:#2456c9}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebf1;--soft:#a2abbb;--paper:#12151b;--card:#1b2029;--line:#2e3541;--accent:#8fb1ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:1.25rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:30rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.9rem}
h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.3}
p{margin:0 0 1.25rem}
a{display:inline-block;margin:0 1.25rem .5rem 0;color:var(--accent);font-weight:600}
small{display:block;margin-top:1rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);overflow-wrap:anywhere}`

/** The style of a page, and the one that its policy allows. */
export interface PageStyle {
  readonly text: string
  readonly policy: string
}

/** `more`: rules of one page beside those of all. */
export function createPageStyle(more: string): PageStyle {
  const text = STYLE + more
  const hash = createHash('sha256').update(text).digest('base64')
  return { text, policy: `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'` }
}

const PLAIN_STYLE = createPageStyle('')

export interface PageDocument {
  readonly title: string
  /** HTML, in which everything that varies has been escaped. */
  readonly main: string
  readonly style: PageStyle
  /** `own`: forms are sent to the page's own origin. */
  readonly forms: 'none' | 'own'
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}

export function buildPage(status: number, page: Page, headers: Reply['headers'] = []): Reply {
  const links = page.links.map((link) => `<a href="${escapeHtml(link.href)}">${escapeHtml(link.label)}</a>`).join('\n')
  const footnote = page.footnote === '' ? '' : `<small>${escapeHtml(page.footnote)}</small>`
  const main = `<h1>${escapeHtml(page.title)}</h1>
<p>${escapeHtml(page.text)}</p>
${links}
${footnote}`
  return buildDocument(status, { title: page.title, main, style: PLAIN_STYLE, forms: 'none' }, headers)
}

export function buildDocument(status: number, page: PageDocument, headers: Reply['headers'] = []): Reply {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${page.style.text}</style>
</head>
<body>
<main>
${page.main}
</main>
</body>
</html>
`
  const reply = buildReply(status, body, [
    ['content-type', 'text/html; charset=utf-8'],
    ['content-security-policy', `${page.style.policy}; form-action ${page.forms === 'own' ? "'self'" : "'none'"}`],
    ['x-frame-options', 'DENY'],
    ...headers,
  ])
  return page.forms === 'own' ? withReferrer(reply) : reply
}

/** A form of a page without referrers is sent with `Origin: null` (Fetch section 3.2), which is nobody's. */
function withReferrer(reply: Reply): Reply {
  const others = reply.headers.filter(([name]) => name !== 'referrer-policy')
  return { ...reply, headers: [...others, ['referrer-policy', 'same-origin']] }
}

export const FRONT_PAGE_LINK: PageLink = { href: FRONT_PAGE, label: 'Front page' }

const EXPLANATIONS: Partial<Record<ErrorCode, string>> = {
  ERR_LOGIN_ATTEMPT_MISSING:
    'This login was not started in this browser, or it took too long. If it happens again, allow cookies for this site.',
  ERR_LOGIN_ATTEMPT_EXPIRED: 'The login took too long. Please start again.',
  ERR_LOGIN_LOOP:
    'The login was tried several times in a row without success, so we have stopped. Allow cookies for this site and try again; if that does not help, tell whoever runs this application.',
  ERR_SESSION_LOST:
    'Your session could not be continued: the login service did not confirm by itself that it is still you. Please log in again; you will come back to where you were.',
  ERR_SESSION_LIMIT_REACHED:
    'You are logged in in as many places as your account may be at the same time. Log out in one of them, then log in here.',
  ERR_LOGIN_ACR_INSUFFICIENT: 'This needs a stronger login than the one you made.',
}

const HEADINGS: Readonly<Record<string, string>> = {
  login_failed: 'The login did not work',
  login_refused: 'You were not logged in',
  login_required: 'Please log in',
  step_up_required: 'Please log in again',
  too_many_sessions: 'Logged in in too many places',
  tenant_required: 'Not allowed',
  tenant_ambiguous: 'Which tenant?',
  forbidden: 'Not allowed',
  csrf: 'Not allowed',
  not_found: 'Nothing here',
  temporarily_unavailable: 'Back in a moment',
}

/** What an error page says beside its code. Without links it offers the front page. */
export interface ErrorExtras extends ProblemExtras {
  readonly links?: readonly PageLink[]
}

export function buildErrorPage(code: ErrorCode, extras: ErrorExtras): Reply {
  const { status, wire } = ERRORS[code]
  const logIn = extras.loginUrl === undefined ? [] : [{ href: extras.loginUrl, label: 'Log in' }]
  const page: Page = {
    title: HEADINGS[wire] ?? 'Something went wrong',
    text: (EXPLANATIONS[code] ?? problemTitle(wire)) + listTenants(extras.tenants ?? []),
    links: [...logIn, ...(extras.links ?? [FRONT_PAGE_LINK])],
    footnote: `${wire} · ${extras.requestId}`,
  }
  return buildPage(status, page, extraHeaders(extras))
}

function listTenants(tenants: readonly string[]): string {
  return tenants.length === 0 ? '' : ` Yours: ${tenants.join(', ')}.`
}

/** A page for a navigation, a problem document for everything else. */
export function buildErrorReply(request: Pick<GatewayRequest, 'headers'>, code: ErrorCode, extras: ErrorExtras): Reply {
  return isNavigation(request) ? buildErrorPage(code, extras) : buildProblem(code, extras)
}
