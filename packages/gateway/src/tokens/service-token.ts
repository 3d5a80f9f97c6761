// Tokens of our own clients (RFC 6749 section 4.4): one for the whole process, renewed ahead.
import type { Events } from '../kernel/events.ts'
import type { RelyingParty } from '../realm/relying-party.ts'
import { askAndTell, judgeAnswer, type WantedToken } from './ask-realm.ts'
import type { Holding } from './obtained.ts'
import { TokenHolder, type TokenRules } from './token-holder.ts'

export interface ServiceTokenOptions extends TokenRules {
  readonly relyingParty: (realm: string) => RelyingParty
  readonly events: Pick<Events, 'emit'>
}

export interface ServiceTokens {
  /** At once while one is at hand. @param credential what it is for, as told to whoever listens */
  obtain(realm: string, scopes: readonly string[], credential: WantedToken['credential']): Holding | Promise<Holding>
}

export function createServiceTokens(options: ServiceTokenOptions): ServiceTokens {
  const byRealm = new Map<string, Map<string, TokenHolder>>()

  function addHolder(
    holders: Map<string, TokenHolder>,
    realm: string,
    scopes: readonly string[],
    credential: WantedToken['credential'],
  ): TokenHolder {
    const request = async () => judgeAnswer(await options.relyingParty(realm).requestClientToken(scopes))
    const ask = () => askAndTell({ credential, realm, session: null }, request, options)
    const holder = new TokenHolder(options, ask, Number.POSITIVE_INFINITY)
    holders.set(scopes.join(' '), holder)
    return holder
  }

  return {
    obtain(realm, scopes, credential) {
      const holders = byRealm.get(realm) ?? new Map<string, TokenHolder>()
      byRealm.set(realm, holders)
      return (holders.get(scopes.join(' ')) ?? addHolder(holders, realm, scopes, credential)).get()
    },
  }
}
