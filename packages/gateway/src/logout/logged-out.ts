// Where the realm sends a browser back to. Knows the way on from the ticket; says so on a page without one.
import { buildPage, FRONT_PAGE_LINK } from '../http/pages.ts'
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { parseReturnTo } from '../http/return-to.ts'
import { isSameSecret } from '../kernel/secrets.ts'
import type { LogoutOptions } from './logout.ts'
import { clearTicketCookie, findLogoutTicket, randomLogoutSecret } from './logout-ticket.ts'

export type LoggedOutOptions = Pick<
  LogoutOptions,
  'realm' | 'sessions' | 'sealer' | 'cookies' | 'frontends' | 'postLogoutRedirectUri'
>

/** `GET /auth/logged-out`. Never fails: a wrong or absent `state` only means that the way on is unknown. */
export async function loggedOut(request: GatewayRequest, options: LoggedOutOptions): Promise<Reply> {
  const query = new URLSearchParams(request.search)
  const ticket = findLogoutTicket(request, options.sessions.now(), options)
  const [state, ...more] = query.getAll('state')
  if (ticket !== undefined && more.length === 0 && isSameSecret(ticket.state, state ?? '')) {
    return buildRedirect(parseReturnTo(ticket.returnTo, options.frontends, request), [clearTicketCookie(options)])
  }
  const isAway = query.get('store') === 'away'
  return query.get('realm') === 'unconfirmed' ? unconfirmedPage(isAway, options) : loggedOutPage(isAway)
}

const AWAY =
  'Some of our servers cannot be told at the moment; they will be as soon as possible. This browser cannot get in any more.'

function loggedOutPage(isAway: boolean): Reply {
  const text = isAway ? AWAY : 'See you soon.'
  return buildPage(200, { title: 'You are logged out', text, links: [FRONT_PAGE_LINK], footnote: '' })
}

function unconfirmedPage(isAway: boolean, options: LoggedOutOptions): Reply {
  // Without a hint the realm asks the person first, which is what a link that anybody can open must do.
  const url = options.realm.buildEndSessionUrl({
    idTokenHint: null,
    postLogoutRedirectUri: options.postLogoutRedirectUri,
    state: randomLogoutSecret(),
  })
  const text =
    'You are logged out of this application. The login service did not confirm that it has logged you out as well; ' +
    'until it does, logging in here again may not ask for your password.' +
    (isAway ? ` ${AWAY}` : '')
  const there = url === null ? [] : [{ href: url.href, label: 'Log out there, too' }]
  return buildPage(200, { title: 'You are logged out here', text, links: [...there, FRONT_PAGE_LINK], footnote: '' })
}
