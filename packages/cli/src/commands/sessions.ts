// "doorman sessions …": who is logged in. Asks the store of the configuration, or a running gateway.
import { type OperatorSession, openSessionAdministration, type SessionSelection } from '@doorman/gateway'
import { requireConfig } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import { openOperatorClient } from '../operator-client.ts'
import { formatJson, formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

/** Where the sessions are: in the store of the configuration, or behind a running gateway at `url`. */
export interface SessionsOptions {
  readonly config: string
  readonly url: string | null
  /** The file with the operator's token. */
  readonly tokenFile: string | null
  readonly json: boolean
}

interface Page {
  readonly sessions: readonly OperatorSession[]
  readonly next: string | null
}

interface Ended {
  readonly ended: number
  /** Those that their realm has not confirmed yet. */
  readonly unconfirmed: number
}

interface Sessions {
  list(selection: SessionSelection, after: string | null, limit: number): Promise<Page>
  end(selection: SessionSelection): Promise<Ended>
  close(): Promise<void>
}

const PAGE_SESSIONS = 500
/** Ending everybody's sessions asks the realm for each. */
const TIMEOUT_SECONDS = 600
const COLUMNS = ['session', 'realm', 'user', 'since', 'last used', 'address', 'state']

export interface ListOptions extends SessionsOptions {
  readonly selection: SessionSelection
  readonly limit: number
}

export function listSessions(options: ListOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  return withSessions(options, terminal, env, async (sessions) => {
    const { found, hasMore } = await gather(sessions, options)
    if (options.json) terminal.print(formatJson({ sessions: found, has_more: hasMore }, 2))
    else for (const line of formatTable(COLUMNS, found.map(buildRow))) terminal.print(line)
    if (hasMore) terminal.tell(`There are more than ${options.limit}: --limit shows more of them.`)
  })
}

export function showSession(
  options: SessionsOptions & { readonly sid: string },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  return withSessions(options, terminal, env, async (sessions) => {
    const [session] = (await sessions.list({ kind: 'sid', sid: options.sid }, null, 1)).sessions
    if (session === undefined) throw new CommandError('there is no such session; see doorman sessions list')
    if (options.json) terminal.print(formatJson(session, 2))
    else for (const line of formatTable(['what', 'value'], buildDetails(session))) terminal.print(line)
  })
}

export function endSessions(
  options: SessionsOptions & { readonly selection: SessionSelection },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  return withSessions(options, terminal, env, async (sessions) => {
    const { ended, unconfirmed } = await sessions.end(options.selection)
    if (options.json) terminal.print(JSON.stringify({ ended, unconfirmed }))
    else terminal.print(`${ended} ${ended === 1 ? 'session has' : 'sessions have'} ended.`)
    if (unconfirmed > 0) {
      terminal.tell(`${unconfirmed} of them their realm has not confirmed yet: running gateways go on asking it.`)
    }
  })
}

async function gather(sessions: Sessions, { selection, limit }: ListOptions) {
  const found: OperatorSession[] = []
  let next: string | null = null
  do {
    const page: Page = await sessions.list(selection, next, Math.min(PAGE_SESSIONS, limit))
    found.push(...page.sessions)
    next = page.next
  } while (next !== null && found.length < limit)
  return { found: found.slice(0, limit), hasMore: next !== null || found.length > limit }
}

async function withSessions(
  options: SessionsOptions,
  terminal: Terminal,
  env: Environment,
  work: (sessions: Sessions) => Promise<void>,
): Promise<ExitCode> {
  const sessions = await openSessions(options, terminal, env)
  if (sessions === undefined) return EXIT_CODE.configuration
  try {
    await work(sessions)
  } finally {
    await sessions.close()
  }
  return EXIT_CODE.ok
}

async function openSessions(
  { config: file, url, tokenFile }: SessionsOptions,
  terminal: Terminal,
  env: Environment,
): Promise<Sessions | undefined> {
  if (url !== null) return askGateway({ url, tokenFile }, terminal)
  const config = requireConfig(file, terminal, env)
  return config === undefined ? undefined : openSessionAdministration(config)
}

function askGateway(place: { url: string; tokenFile: string | null }, terminal: Terminal): Sessions {
  const operator = openOperatorClient({ ...place, timeoutSeconds: TIMEOUT_SECONDS }, terminal)
  return {
    async list(selection, after, limit) {
      const query = new URLSearchParams(selection.kind === 'all' ? { limit: String(limit) } : selected(selection))
      if (after !== null) query.set('after', after)
      return (await operator.ask({ method: 'GET', path: `/sessions?${query}`, body: null })) as Page
    },
    async end(selection) {
      const path = `/sessions?${new URLSearchParams(selected(selection))}`
      const { ended } = (await operator.ask({ method: 'DELETE', path, body: null })) as { readonly ended: number }
      // The gateway goes on until each realm has confirmed.
      return { ended, unconfirmed: 0 }
    },
    close: async () => {},
  }
}

function selected(selection: SessionSelection): Record<string, string> {
  if (selection.kind === 'user') return { user: selection.user }
  return selection.kind === 'sid' ? { sid: selection.sid } : { all: 'true' }
}

function buildRow(session: OperatorSession): readonly string[] {
  const { sid, realm, created_at, last_used_at, state } = session
  return [sid, realm, nameOf(session), toDate(created_at), toDate(last_used_at), session.address ?? '-', state]
}

function buildDetails(session: OperatorSession): readonly (readonly string[])[] {
  return [
    ['session', session.sid],
    ['state', session.state],
    ['realm', session.realm],
    ['user', nameOf(session)],
    ['sub', session.sub],
    ['browser', session.user_agent ?? '-'],
    ['address', session.address ?? '-'],
    ['since', toDate(session.created_at)],
    ['last used', toDate(session.last_used_at)],
    ['ends unless used', session.ends_at === null ? '-' : toDate(session.ends_at)],
    ['ends at the latest', toDate(session.absolute_end_at)],
    ['second logins', session.second_logins.join(', ') || '-'],
  ]
}

function nameOf({ user_name, sub }: OperatorSession): string {
  return user_name ?? sub
}

function toDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
}
