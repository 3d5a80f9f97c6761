// What people's pages are told about the end of a session: enough to say the right thing, and nothing about who did it.
import type { SessionEnd } from '../kernel/events.ts'

type Word = readonly [event: 'session-ended' | 'session-changed', data: Readonly<Record<string, unknown>>]

const WORDS: Readonly<Record<SessionEnd, Word>> = {
  user: ended('logout'),
  'user-elsewhere': ended('ended-elsewhere'),
  administrator: ended('administrator'),
  realm: ended('realm'),
  'back-channel': ended('realm'),
  idle: ended('idle'),
  absolute: ended('absolute'),
  'max-per-user': ended('too-many-sessions'),
  'new-login': changed(true),
  healed: changed(true),
  'other-login': changed(false),
}
const UNKNOWN = ended('unknown')

/** Null: it has gone without a word why. */
export function wordOfEnd(by: SessionEnd | null): Word {
  return by === null ? UNKNOWN : WORDS[by]
}

function ended(reason: string): Word {
  return ['session-ended', { reason }]
}

function changed(isSamePerson: boolean): Word {
  return ['session-changed', { same_person: isSamePerson }]
}
