/** Seconds since 1970-01-01T00:00:00Z; may carry a fraction. */
export type EpochSeconds = number

/** Says what time it is. In records and leases it is the store's clock (`SessionStore.now`). */
export type Clock = () => EpochSeconds

export const systemClock: Clock = () => Date.now() / 1000

/** Seconds since some moment of this process's past. Nobody sets this clock, and it goes on in a process that is stopped. */
export type Elapsed = () => number

export const systemElapsed: Elapsed = () => performance.now() / 1000
