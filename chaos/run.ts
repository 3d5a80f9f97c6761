// A run on one store: everybody logs in, and then it goes wrong until there were enough rounds.
import { setTimeout as pause } from 'node:timers/promises'
import { createPace, type Pace } from './pace.ts'
import { BLOCK_ROUNDS } from './plan.ts'
import { createRandom } from './random.ts'
import { openScene, type Scene, type SceneOptions } from './scene.ts'
import { createStriker, expectedSeconds, nameOf, type Striker } from './strikes.ts'
import { findFailures, type Tally } from './tally.ts'
import { createVisitor, type Visitor } from './visitor.ts'

const LOGINS_AT_ONCE = 8
const LATE_ROUNDS_PER_SECOND = 5
const WATCH_MILLISECONDS = 100
/** What takes so long will not come about. */
const STUCK_SECONDS = 300

export async function runChaos(options: SceneOptions): Promise<Tally> {
  const scene = await openScene(options)
  let isGood = false
  try {
    const tally = await run(scene, options)
    isGood = findFailures(tally).length === 0
    return tally
  } finally {
    await scene.close(!isGood)
    if (!isGood) options.say(`the gateways' log is in ${scene.folder}`)
  }
}

async function run(scene: Scene, options: SceneOptions): Promise<Tally> {
  const { seed } = options
  const pace = createPace(createRandom(seed, 'pace'))
  const visitors = scene.realm.people.map((person) =>
    createVisitor({
      ...scene,
      pace,
      person,
      browser: scene.browsers.create(),
      random: createRandom(seed, person.username),
    }),
  )
  await logInAll(visitors)
  options.say(`${visitors.length} people have logged in`)
  const startedAt = performance.now()
  await visitWhile(visitors, pace, () => goThroughBlocks(scene, options, pace))
  const stillIn = await Promise.all(visitors.map((visitor) => visitor.isStillIn()))
  for (const isIn of stillIn) if (!isIn) scene.counter.lost()
  return scene.counter.read((performance.now() - startedAt) / 1000)
}

async function logInAll(visitors: readonly Visitor[]): Promise<void> {
  const waiting = visitors.values()
  const logInSome = async () => {
    for (const visitor of waiting) await visitor.logIn()
  }
  await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, logInSome))
}

async function visitWhile(visitors: readonly Visitor[], pace: Pace, work: () => Promise<void>): Promise<void> {
  let isOver = false
  const visits = Promise.all(visitors.map((visitor) => visitor.visit(() => isOver)))
  try {
    // Visits end by themselves only when they fail.
    await Promise.race([work(), visits])
  } finally {
    isOver = true
    pace.stop()
  }
  await visits
}

async function goThroughBlocks(scene: Scene, options: SceneOptions, pace: Pace): Promise<void> {
  const striker = createStriker({ ...scene, random: createRandom(options.seed, 'strikes') })
  for (let first = 0; first < options.rounds; first += BLOCK_ROUNDS) {
    const last = Math.min(options.rounds, first + BLOCK_ROUNDS)
    const rounds = untilRound(scene, last).then(() => pace.setRate(LATE_ROUNDS_PER_SECOND))
    await Promise.all([rounds, strikeBlock(scene, striker, pace, first / BLOCK_ROUNDS)])
  }
  scene.realm.calm()
}

async function strikeBlock({ plan, counter, complain }: Scene, striker: Striker, pace: Pace, block: number) {
  const strike = plan.strike(block)
  pace.setRate(BLOCK_ROUNDS / expectedSeconds(strike))
  const limit = pause(STUCK_SECONDS * 1000, 'late' as const, { ref: false })
  if ((await Promise.race([striker.strike(strike), limit])) === 'late')
    throw new Error(`${nameOf(strike)}: not over after ${STUCK_SECONDS} s`)
  counter.strike(nameOf(strike))
  complain(`${nameOf(strike)}: over`)
}

async function untilRound({ ledger }: Scene, round: number): Promise<void> {
  let [last, changedAt] = [0, performance.now()]
  while (ledger.rounds() < round) {
    await pause(WATCH_MILLISECONDS)
    if (ledger.rounds() !== last) [last, changedAt] = [ledger.rounds(), performance.now()]
    if (performance.now() - changedAt > STUCK_SECONDS * 1000) throw new Error(`no round after round ${last}`)
  }
}
