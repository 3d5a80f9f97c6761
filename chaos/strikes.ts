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

/** The lease is 10 s. */
const PAUSE_MILLISECONDS = [11_000, 13_000] as const

/** How long a block lasts, so that its fault is over by then. */
export function expectedSeconds({ kind }: Strike): number {
  return { kill: 5, pause: 15, skew: 6, store: 8 }[kind]
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

  /** Neither this session nor another one whose request stands there has been hit within the last minute. */
  function mayHit({ person, isFirst }: StandingRequest, gateway: GatewayProcess): boolean {
    const others = [...realm.standing()].filter(({ port }) => gateways.ownerOf(port) === gateway)
    const isFit = (one: StandingRequest) => one.isFirst && ledger.mayCost(one.person, nowSeconds())
    return gateway.isWell() && isFirst && ledger.mayCost(person, nowSeconds()) && others.every(isFit)
  }

  /** The process whose request stands at the realm; the request goes on when the returned function is called. */
  function catchRequest(point: StrikePoint): Promise<{ gateway: GatewayProcess; person: string; release: () => void }> {
    return new Promise((resolve) => {
      realm.intercept((request): readonly Fault[] | null => {
        const gateway = gateways.ownerOf(request.port)
        if (gateway === null || !mayHit(request, gateway)) return null
        realm.intercept(() => null)
        const { promise: until, resolve: release } = Promise.withResolvers<void>()
        if (point !== 'asking') ledger.cost(request.person, nowSeconds())
        resolve({ gateway, person: request.person, release })
        if (point !== 'asking') return [{ kind: 'wait', moment: 'after', until }]
        return [{ kind: 'wait', moment: 'before', until }, FAULTS.cutBefore]
      })
    })
  }

  async function catchProcess(point: StrikePoint, signal: 'SIGKILL' | 'SIGSTOP'): Promise<GatewayProcess> {
    if (point === 'looked') return catchLooking(signal)
    const { gateway, release } = await catchRequest(point)
    if (point === 'answered') {
      const { done } = await gateway.order({ at: 'answered', signal })
      release()
      await done
    } else if (signal === 'SIGKILL') await gateway.kill()
    else gateway.pause()
    release()
    return gateway
  }

  /** It has asked nobody yet: whoever it is about is not harmed. */
  async function catchLooking(signal: 'SIGKILL' | 'SIGSTOP'): Promise<GatewayProcess> {
    const gateway = random.pick(gateways.wellOnes())
    const { done } = await gateway.order({ at: 'looked', signal })
    await done
    return gateway
  }

  async function kill(point: StrikePoint): Promise<void> {
    const gateway = await catchProcess(point, 'SIGKILL')
    ledger.stop(gateway.name, nowSeconds())
    await gateways.replace(gateway, skewOf(gateway))
  }

  async function pauseProcess(point: StrikePoint): Promise<void> {
    const gateway = await catchProcess(point, 'SIGSTOP')
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
    const isWell = ledger.harmStore(fault.losesWrites)
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
