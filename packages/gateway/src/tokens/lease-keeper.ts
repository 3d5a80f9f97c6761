import type { SessionStore } from '../session/session-store.ts'

export interface LeaseKeeper {
  /** False once somebody else may have it. */
  isHeld(): boolean
  stop(): void
}

/** A realm may take longer than a lease lives: oauth2-proxy's fixed two seconds lose sessions there. */
export function keepLease(
  store: Pick<SessionStore, 'renewLease'>,
  lease: { readonly name: string; readonly owner: string; readonly seconds: number },
): LeaseKeeper {
  const { name, owner, seconds } = lease
  let isHeld = true
  const timer = setInterval(
    () => {
      store.renewLease(name, owner, seconds).then(
        (renewed) => {
          isHeld = renewed
        },
        () => undefined,
      )
    },
    (seconds * 1000) / 3,
  )
  return { isHeld: () => isHeld, stop: () => clearInterval(timer) }
}
