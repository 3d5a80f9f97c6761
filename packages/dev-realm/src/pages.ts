// The realm's few pages. Everything that comes from outside is escaped.
import { randomBytes } from 'node:crypto'
import { type Answer, htmlAnswer } from './answer.ts'
import type { DevUser } from './options.ts'

const STYLE = `
:root { color-scheme: light dark; --page: #f4f2ee; --card: #fff; --text: #22211f; --soft: #6b6862; --line: #dcd8d0; --accent: #1f6f54 }
@media (prefers-color-scheme: dark) { :root { --page: #191817; --card: #232220; --text: #f0eeea; --soft: #a8a49c; --line: #3a3835; --accent: #6fcfa8 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1rem; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { width: min(26rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.75rem }
h1 { margin: 0 0 .25rem; font-size: 1.375rem; line-height: 1.25 }
p { margin: 0 0 1rem; color: var(--soft) }
form { display: grid; gap: .625rem; margin-top: 1.25rem }
button { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; width: 100%; min-height: 3rem; padding: .625rem 1rem; border: 1px solid var(--line); border-radius: .625rem; background: transparent; color: inherit; font: inherit; text-align: left; cursor: pointer }
button:hover, button:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: 1px }
button small { color: var(--soft) }
button.suggested { border-color: var(--accent) }
button.quiet { justify-content: center; border-color: transparent; color: var(--soft) }
.note { margin: 1.25rem 0 0; font-size: .875rem }
`

export interface LoginPage {
  readonly action: string
  readonly realm: string
  readonly clientId: string
  readonly users: readonly DevUser[]
  /** Shown first and focused. */
  readonly suggested: DevUser | undefined
  /** The identity provider the application asked for. */
  readonly providerHint: string | undefined
  /** Set when a person who is logged in must confirm it; then only they can, or all start afresh. */
  readonly isConfirmation: boolean
}

export function loginPage(page: LoginPage): Answer {
  const buttons = page.users.map((user) => userButton(user, user === page.suggested))
  const hint =
    page.providerHint === undefined ? '' : `<p>Asked for identity provider <b>${escapeHtml(page.providerHint)}</b>.</p>`
  const other = page.isConfirmation ? button('restart', 'true', 'Somebody else', 'quiet') : ''
  return document(
    200,
    page.isConfirmation ? 'Confirm that it is you' : 'Who are you?',
    `<p>Log in to <b>${escapeHtml(page.clientId)}</b>. No passwords here: click a person.</p>${hint}
<form method="post" action="${escapeHtml(page.action)}">${buttons.join('\n')}${other}${button('cancel', 'true', 'Cancel', 'quiet')}</form>
<p class="note">Realm “${escapeHtml(page.realm)}” of Doorman, for development only.</p>`,
  )
}

export function actionPage(page: { readonly action: string; readonly name: string }): Answer {
  return document(
    200,
    'The application asks you to do something',
    `<p>Action <b>${escapeHtml(page.name)}</b>. Nothing is changed here.</p>
<form method="post" action="${escapeHtml(page.action)}">${button('kc_action_status', 'success', 'Done', 'suggested')}${button('kc_action_status', 'cancelled', 'Cancel', 'quiet')}</form>`,
  )
}

export function logoutConfirmationPage(page: { readonly action: string; readonly ticket: string }): Answer {
  return document(
    200,
    'Log out?',
    `<p>Do you want to log out of this realm?</p>
<form method="post" action="${escapeHtml(page.action)}">${button('ticket', page.ticket, 'Log out', 'suggested')}</form>`,
  )
}

export function messagePage(title: string, text: string): Answer {
  return document(200, title, `<p>${escapeHtml(text)}</p>`)
}

export function errorPage(status: number, title: string, text: string): Answer {
  return document(status, title, `<p>${escapeHtml(text)}</p>`)
}

function userButton(user: DevUser, isSuggested: boolean): string {
  const roles = user.enabled ? user.realmRoles.join(', ') : 'account disabled'
  const focus = isSuggested ? ' class="suggested" autofocus' : ''
  return `<button type="submit" name="user" value="${escapeHtml(user.username)}"${focus}><span>${escapeHtml(user.firstName)} ${escapeHtml(user.lastName)}</span> <small>${escapeHtml(roles)}</small></button>`
}

function button(name: string, value: string, text: string, style: 'quiet' | 'suggested'): string {
  return `<button type="submit" name="${name}" value="${escapeHtml(value)}" class="${style}">${escapeHtml(text)}</button>`
}

function document(status: number, title: string, content: string): Answer {
  const nonce = randomBytes(12).toString('base64url')
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style nonce="${nonce}">${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>`
  return htmlAnswer(status, html, nonce)
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
