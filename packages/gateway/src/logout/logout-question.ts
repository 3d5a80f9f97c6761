// Asks before somebody is logged out whom another site has sent. Its link carries the proof of this one session, which no
// other site can read or guess.
import { buildPage, FRONT_PAGE_LINK } from '../http/pages.ts'
import type { Reply } from '../http/reply.ts'
import type { Mac } from '../kernel/mac.ts'
import type { LiveSession } from '../session/live-session.ts'
import { buildLogoutProof } from '../session/logout-proof.ts'

export interface LogoutQuestionOptions {
  readonly logoutMac: Mac
  readonly logoutPath: string
}

/** `returnTo` has been checked. */
export function buildLogoutQuestion(
  live: LiveSession,
  returnTo: string,
  { logoutMac, logoutPath }: LogoutQuestionOptions,
): Reply {
  const query = new URLSearchParams({ proof: buildLogoutProof(logoutMac, live), return_to: returnTo })
  return buildPage(200, {
    title: 'Log out?',
    text: 'A link or another site has sent you here. You are still logged in.',
    links: [{ href: `${logoutPath}?${query}`, label: 'Log out' }, FRONT_PAGE_LINK],
    footnote: '',
  })
}
