// What is done to processes and stores, one after the other.
import { setTimeout as pause } from 'node:timers/promises'
import { FAULTS, type Fault } from '@doorman/dev-realm'
import type { GatewayProcess, Gateways } from './gateways.ts'
import type { Ledger } from './ledger.ts'
import type { Strike, StrikePoint } from './plan.ts'
import type { Random } from './random.ts'
import type { ChaosRealm, StandingRequest } from './realm.ts'
import type { ChaosStore } from './stores.ts'
import type { Counter } from './tally.ts'

export interface StrikeGround {
  readonly gateways: Gateways
  readonly realm: ChaosRealm
  readonly store: ChaosStore
  readonly ledger: Ledger
  readonly counter: Counter
  readonly random: Random
}

export interface Striker {
  /** Resolves when all is well again. */
  strike(strike: Strike): Promise<void>
}

/** The lease is 4 s. */
const PAUSE_MILLISECONDS = [5000, 8000] as const
const LOOK_MILLISECONDS = 20
/** So long a moment is looked for at which the store's trouble can cost nobody their tokens a second time. */
const PATIENCE_MILLISECONDS = 30_000

/** How long a block lasts, so that its fault is over by then. */
export function expectedSeconds({ kind }: Strike): number {
  return { kill: 5, pause: 9, skew: 6, store: 8 }[kind]
}

export function nameOf(strike: Strike): string {
  switch (strike.kind) {
    case 'kill':
    case 'pause':
      return `${strike.kind === 'kill' ? 'kill -9' : 'SIGSTOP'}, ${POINTS[strike.point]}`
    case 'skew':
      return `clock ${strike.seconds > 0 ? '+' : '-'}${Math.abs(strike.seconds)} s`
    case 'store':
      return `store: ${strike.fault}`
  }
}

const POINTS: Readonly<Record<StrikePoint, string>> = {
  asking: 'the realm has its request',
  spent: 'the realm has spent its token',
  answered: 'it has the answer',
  looked: 'it is about to ask',
}

export function createStriker(ground: StrikeGround): Striker {
  const { gateways, realm, ledger, counter, random } = ground
  const skews = new Map<number, number>()
  const nowSeconds = () => performance.now() / 1000

  function skewOf({ index }: GatewayProcess): number {
    return skews.get(index) ?? 0
  }

  /** Nobody who stands at the realm, or whose new tokens are not written yet, has been hit within the last minute. */
  function mayHit(gateway: GatewayProcess | null): boolean {
    const now = nowSeconds()
    const standing = [...realm.standing()].filter(({ port }) => gateway === null || gateways.ownerOf(port) === gateway)
    const isFit = ({ isFirst, person }: StandingRequest) => isFirst && ledger.mayCost(person, now)
    return standing.every(isFit) && ledger.mayStrike(gateway?.name ?? null, now)
  }

  /** The process whose request stands at the realm; the request goes on when the returned function is called. */
  function catchRequest(point: StrikePoint): Promise<{ gateway: GatewayProcess; release: () => void }> {
    return new Promise((resolve) => {
      realm.intercept((request): readonly Fault[] | null => {
        const gateway = gateways.ownerOf(request.port)
        if (gateway === null || !gateway.isWell() || !request.isFirst || !mayHit(gateway)) return null
        realm.intercept(() => null)
        const { promise: until, resolve: release } = Promise.withResolvers<void>()
        if (point !== 'asking') ledger.cost(request.person, nowSeconds())
        resolve({ gateway, release })
        if (point !== 'asking') return [{ kind: 'wait', moment: 'after', until }]
        return [{ kind: 'wait', moment: 'before', until }, FAULTS.cutBefore]
      })
    })
  }

  async function catchProcess(point: StrikePoint): Promise<GatewayProcess> {
    if (point === 'looked') return catchLooking()
    const { gateway, release } = await catchRequest(point)
    if (point === 'answered') {
      const { stopped } = await gateway.stopAt('answered')
      release()
      await stopped
    } else gateway.pause()
    release()
    return gateway
  }

  /** Whom it is about has asked nobody yet, and is not harmed; others may be on their way. */
  async function catchLooking(): Promise<GatewayProcess> {
    for (;;) {
      const gateway = random.pick(gateways.wellOnes())
      const { stopped } = await gateway.stopAt('looked')
      await stopped
      if (mayHit(gateway)) return gateway
      gateway.resume()
      await pause(LOOK_MILLISECONDS)
    }
  }

  async function kill(point: StrikePoint): Promise<void> {
    const gateway = await catchProcess(point)
    ledger.stop(gateway.name, nowSeconds())
    await gateway.kill()
    await gateways.replace(gateway, skewOf(gateway))
  }

  async function pauseProcess(point: StrikePoint): Promise<void> {
    const gateway = await catchProcess(point)
    const goOn = ledger.stop(gateway.name, nowSeconds())
    await pause(random.between(...PAUSE_MILLISECONDS))
    gateway.resume()
    goOn(nowSeconds())
  }

  /** One clock is wrong at a time. */
  async function skew(seconds: number): Promise<void> {
    const wellOnes = gateways.wellOnes()
    const chosen = random.pick(wellOnes)
    const wrongBefore = wellOnes.filter((gateway) => skewOf(gateway) !== 0 && gateway !== chosen)
    skews.clear()
    skews.set(chosen.index, seconds)
    for (const gateway of [...wrongBefore, chosen]) {
      if ((await gateway.end()) !== 0) counter.crashed()
      await gateways.replace(gateway, skewOf(gateway))
    }
  }

  async function harmStore(name: string): Promise<void> {
    const fault = ground.store.faults[name]
    if (fault === undefined) throw new TypeError(`no fault ${name}`)
    // Who is hit twice within a minute all the same is counted apart.
    const giveUpAt = performance.now() + PATIENCE_MILLISECONDS
    while (!mayHit(null) && performance.now() < giveUpAt) await pause(LOOK_MILLISECONDS)
    const isWell = ledger.harmStore(fault.losesWrites, nowSeconds())
    await fault.run()
    isWell(nowSeconds())
  }

  return {
    async strike(strike) {
      switch (strike.kind) {
        case 'kill':
          return kill(strike.point)
        case 'pause':
          return pauseProcess(strike.point)
        case 'skew':
          return skew(strike.seconds)
        case 'store':
          return harmStore(strike.fault)
      }
    },
  }
}
