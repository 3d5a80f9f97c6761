// One obtained token: given at once while it lives, renewed ahead of its end in the background, asked for once at a
// time, and never given after its end. What was refused is not asked for again by every request.
import type { EpochSeconds } from '../kernel/time.ts'
import { within } from '../kernel/wait.ts'
import type { ObtainedToken } from '../realm/relying-party.ts'
import { refreshDueAt } from '../session/session.ts'
import { type HeldToken, type Holding, holdToken, type Refusal, usableUntil } from './obtained.ts'
import { unavailable } from './refusals.ts'

export interface TokenRules {
  readonly now: () => EpochSeconds
  /** How long before its end a token is renewed; a short-lived one is renewed after two thirds of its life. */
  readonly refreshMarginSeconds: number
  /** How long a request waits for a token; asking for it goes on. */
  readonly waitSeconds: number
}

export type Asked = { readonly kind: 'token'; readonly token: ObtainedToken } | Refusal

/** After a refusal that waiting does not help against: an operator may set the switch meanwhile. */
const REFUSAL_PAUSE_SECONDS = 5

/** A class for its size: there is one for every session and what its routes send. */
export class TokenHolder {
  readonly #rules: TokenRules
  readonly #ask: () => Promise<Asked>
  readonly #endsAt: EpochSeconds
  #held: HeldToken | null = null
  #dueAt: EpochSeconds = 0
  #usableUntil: EpochSeconds = 0
  #flight: Promise<Holding> | null = null
  #refusal: Refusal | null = null
  #coolUntil: EpochSeconds = 0

  /** @param endsAt no token is held beyond, whatever it says of itself; `Infinity` for no such end */
  constructor(rules: TokenRules, ask: () => Promise<Asked>, endsAt: EpochSeconds) {
    this.#rules = rules
    this.#ask = ask
    this.#endsAt = endsAt
  }

  /** Rejects only with what `ask` rejects with. */
  get(): Holding | Promise<Holding> {
    const now = this.#rules.now()
    const held = this.#held
    if (held !== null && now < this.#dueAt) return held
    const flight = this.#flight ?? (now < this.#coolUntil ? null : this.#fly())
    if (held !== null && now < this.#usableUntil) return held
    return flight === null ? this.#refuseCooling(now) : this.#waitFor(flight)
  }

  #fly(): Promise<Holding> {
    const flight = this.#ask().then((asked) => this.#settle(asked))
    this.#flight = flight
    const land = () => {
      this.#flight = null
    }
    flight.then(land, land)
    return flight
  }

  #settle(asked: Asked): Holding {
    const now = this.#rules.now()
    if (asked.kind === 'refused') return this.#cool(asked, now)
    const expiresAt = Math.min(asked.token.expiresAt, this.#endsAt)
    if (now >= usableUntil(expiresAt)) return this.#cool(unavailable('the token ends as it comes'), now)
    return this.#hold({ ...asked.token, expiresAt }, now)
  }

  #hold(token: ObtainedToken, now: EpochSeconds): HeldToken {
    const { expiresAt } = token
    const held = holdToken(token)
    this.#held = held
    this.#usableUntil = usableUntil(expiresAt)
    // What ends with something else gains nothing from being renewed before that.
    this.#dueAt =
      expiresAt === this.#endsAt
        ? this.#usableUntil
        : refreshDueAt({ accessTokenExpiresAt: expiresAt }, now, this.#rules.refreshMarginSeconds)
    return held
  }

  #cool(refusal: Refusal, now: EpochSeconds): Refusal {
    this.#refusal = refusal
    this.#coolUntil = now + (refusal.retryAfterSeconds > 0 ? refusal.retryAfterSeconds : REFUSAL_PAUSE_SECONDS)
    return refusal
  }

  async #waitFor(flight: Promise<Holding>): Promise<Holding> {
    const holding = await within(flight, this.#rules.waitSeconds)
    return holding ?? unavailable('the realm takes long')
  }

  #refuseCooling(now: EpochSeconds): Refusal {
    const refusal = this.#refusal ?? unavailable('not asked for yet')
    return refusal.retryAfterSeconds > 0 ? { ...refusal, retryAfterSeconds: this.#coolUntil - now } : refusal
  }
}
