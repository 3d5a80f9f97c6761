// The list of somebody's sessions as a page: plain forms, no script, everything that varies escaped.
import { buildDocument, createPageStyle, escapeHtml } from '../http/pages.ts'
import type { Reply } from '../http/reply.ts'
import type { EpochSeconds } from '../kernel/time.ts'

/** As in JSON. */
export interface ListedSession {
  /** The public handle: it opens nothing. */
  readonly id: string
  readonly device: string
  readonly address: string | null
  readonly created_at: EpochSeconds
  readonly last_used_at: EpochSeconds
  /** The one that asks. */
  readonly current: boolean
}

export interface SessionsPage {
  readonly sessions: readonly ListedSession[]
  /** Where its forms go. */
  readonly path: string
  /** It follows the end of a session. */
  readonly hasEnded: boolean
  readonly now: EpochSeconds
}

const STYLE = createPageStyle(`
body{grid-template-columns:minmax(0,56rem);justify-content:center}
main{max-width:none}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}
caption{padding-bottom:.75rem;text-align:left;color:var(--soft)}
th,td{padding:.7rem .9rem .7rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}
thead th{font-size:.875rem;color:var(--soft)}
tbody th{font-weight:600}
th span{display:block;font-size:.875rem;font-weight:400;color:var(--soft)}
form{display:inline-block;margin:0 .75rem 0 0}
button{min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--accent);border-radius:.5rem;background:var(--card);color:var(--accent);font:inherit;font-weight:600;cursor:pointer}
button:hover{background:var(--paper)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.all{margin-top:1.5rem}`)

const TITLE = 'Your sessions'

export function buildSessionsPage(page: SessionsPage, headers: Reply['headers']): Reply {
  const { sessions, path, now } = page
  const rows = sessions.map((session) => buildRow(session, path, now)).join('\n')
  const main = `<h1>${TITLE}</h1>
${page.hasEnded ? '<p role="status">Done. What you have ended needs a new login.</p>' : ''}
<div class="scroll" role="region" aria-labelledby="sessions" tabindex="0">
<table>
<caption id="sessions">Where you are logged in with this account. End what you do not recognise.</caption>
<thead><tr>${heading('Device')}${heading('Address')}${heading('Logged in')}${heading('Last used')}${heading('End')}</tr></thead>
<tbody>
${rows}
</tbody>
</table>
</div>
<div class="all">
${sessions.length > 1 ? button(path, 'others', 'true', 'End all others') : ''}
${button(path, 'all', 'true', 'End all, this one too')}
</div>`
  return buildDocument(200, { title: TITLE, main, style: STYLE, forms: 'own' }, headers)
}

function heading(text: string): string {
  return `<th scope="col">${text}</th>`
}

function buildRow(session: ListedSession, path: string, now: EpochSeconds): string {
  const device = escapeHtml(session.device)
  const since = instant(session.created_at)
  const [label, name] = session.current
    ? ['Log out', 'Log out here']
    : ['End', `End ${session.device}, logged in ${since.text}`]
  return `<tr>
<th scope="row">${device}${session.current ? '<span>This one</span>' : ''}</th>
<td>${session.address === null ? 'not kept' : escapeHtml(session.address)}</td>
<td><time datetime="${since.iso}">${since.text}</time></td>
<td>${session.current ? 'now' : ago(now - session.last_used_at)}</td>
<td>${button(path, 'id', session.id, label, name)}</td>
</tr>`
}

/** `spoken`: what tells it from the other buttons; begins with the label. */
function button(path: string, name: string, value: string, label: string, spoken = label): string {
  return `<form method="post" action="${escapeHtml(path)}"><button name="${name}" value="${escapeHtml(value)}" aria-label="${escapeHtml(spoken)}">${label}</button></form>`
}

function instant(at: EpochSeconds): { readonly iso: string; readonly text: string } {
  const iso = new Date(at * 1000).toISOString()
  return { iso, text: `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` }
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

function ago(seconds: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length)
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`
  }
  return 'within the last minute'
}
