// Keycloak's reuse detection ("Revoke Refresh Token"). No I/O and no clock: Keycloak tells generations apart by whole
// seconds, here every use and every issue has a number of its own, so that tests need not wait.

export interface ReuseState {
  /** The token that was used last. */
  readonly tokenId: string
  readonly uses: number
  /** When that token was used for the first time. */
  readonly firstUsedAt: number
}

export interface PresentedToken {
  readonly tokenId: string
  readonly issuedAt: number
}

export type ReuseDecision =
  | { readonly kind: 'accepted'; readonly state: ReuseState }
  | { readonly kind: 'refused'; readonly because: string }

export function judgeReuse(
  state: ReuseState | undefined,
  token: PresentedToken,
  maxReuse: number,
  now: number,
): ReuseDecision {
  if (state?.tokenId === token.tokenId) {
    if (state.uses > maxReuse) return { kind: 'refused', because: 'Maximum allowed refresh token reuse exceeded' }
    return { kind: 'accepted', state: { ...state, uses: state.uses + 1 } }
  }
  if (state !== undefined && token.issuedAt < state.firstUsedAt) return { kind: 'refused', because: 'Stale token' }
  return { kind: 'accepted', state: { tokenId: token.tokenId, uses: 1, firstUsedAt: now } }
}
