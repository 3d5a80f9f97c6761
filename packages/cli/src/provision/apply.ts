// "doorman apply": the plan shown, carried out, and the secrets delivered.
import {
  type ApplySummary,
  applyRealm,
  confirmPlan,
  createSecretReader,
  type ObservedRealm,
  orderRealms,
  type Plan,
  type RealmPlan,
  readPlanFile,
  renderPlan,
} from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { formatJson, formatTable, printable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { confirmDeletions, deletionsOf, refuseForeign } from './apply-questions.ts'
import { deliverGround } from './deliver-secrets.ts'
import {
  describeRealm,
  hasFailed,
  printDeliveries,
  type RealmDeliveries,
  resultsOf,
  tellDeliveries,
} from './delivery-text.ts'
import { openGround, type ProvisionGround } from './ground.ts'
import { withInterrupt } from './interrupt.ts'
import { planGround } from './plan-ground.ts'
import { waitForRealms } from './wait.ts'

export interface ApplyOptions {
  readonly file: string
  /** Of `doorman plan --out`; null: the plan of this moment. */
  readonly planFile: string | null
  readonly prunes: boolean
  /** Deletions need no question. */
  readonly isSure: boolean
  readonly json: boolean
  /** How long a realm may take to be there; null: it has to be there. */
  readonly waitSeconds: number | null
}

type RealmSummary = ApplySummary & { readonly name: string }

export async function apply(options: ApplyOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const ground = await openGround({ file: options.file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  if (options.waitSeconds !== null) await waitForRealms(ground.realms, options.waitSeconds, terminal)
  const { plan, observed } = await choosePlan(options, ground)
  if (!options.json) terminal.print(renderPlan(plan, { colours: terminal.isInteractive && !env.NO_COLOR }))
  refuseForeign(plan)
  if (options.prunes) await confirmDeletions(plan, options.isSure, terminal)
  const work = (signal: AbortSignal) => carryOut(ground, plan, observed, { ...options, signal }, terminal)
  const summaries = await withInterrupt(work, terminal)
  const deliveries = await deliverGround({ ...EVERYTHING, file: options.file, ground }, terminal, env)
  show(summaries, deliveries, plan, options, terminal)
  const results = resultsOf(deliveries)
  tellDeliveries(results, terminal)
  const isPartial = hasFailed(results) || plan.realms.some(({ unseen }) => unseen.length > 0)
  return isPartial ? EXIT_CODE.failure : EXIT_CODE.ok
}

const EVERYTHING = { clients: [], realm: null, isDry: false }

interface ChosenPlan {
  readonly plan: Plan
  readonly observed: readonly ObservedRealm[]
}

async function choosePlan({ planFile }: ApplyOptions, ground: ProvisionGround): Promise<ChosenPlan> {
  const stored = planFile === null ? undefined : readPlanFile(planFile)
  const { plan, observed } = await planGround(ground)
  if (stored === undefined) return { plan, observed }
  const now = observed.flatMap((realm, index) => {
    const wanted = ground.realms[index]?.wanted
    return wanted === undefined ? [] : [{ wanted, observed: realm }]
  })
  return { plan: confirmPlan(stored, now, ground.wanted.owner), observed }
}

interface CarryOutOptions {
  readonly prunes: boolean
  readonly signal: AbortSignal
}

async function carryOut(
  ground: ProvisionGround,
  plan: Plan,
  observed: readonly ObservedRealm[],
  options: CarryOutOptions,
  terminal: Terminal,
): Promise<readonly RealmSummary[]> {
  const secretOf = createSecretReader(ground.realms)
  const realms = ground.realms.flatMap((realm, index) => {
    const [realmPlan, seen] = [plan.realms[index], observed[index]]
    return realmPlan === undefined || seen === undefined ? [] : [{ ...realm, plan: realmPlan, observed: seen }]
  })
  const summaries: RealmSummary[] = []
  for (const realm of orderRealms(realms)) {
    const { name } = realm.wanted
    const report = createReport(realm.plan, terminal)
    const summary = await applyRealm({ ...realm, ...options, owner: ground.wanted.owner, secretOf, report })
    summaries.push({ name, ...summary })
  }
  return summaries
}

function createReport({ name }: RealmPlan, terminal: Terminal) {
  return ({ what, done, of }: { readonly what: string; readonly done: number; readonly of: number }) =>
    terminal.tell(printable(`${name}: ${done}/${of} ${what}`))
}

const COLUMNS = ['realm', 'created', 'changed', 'deleted', 'unchanged', 'calls']

function show(
  summaries: readonly RealmSummary[],
  deliveries: readonly RealmDeliveries[],
  plan: Plan,
  { json, prunes }: ApplyOptions,
  terminal: Terminal,
): void {
  if (json) terminal.print(formatJson({ plan, realms: summaries, deliveries: deliveries.map(describeRealm) }, 2))
  else {
    showTable(summaries, terminal)
    printDeliveries(deliveries, terminal)
  }
  const left = prunes ? 0 : deletionsOf(plan).length
  if (left > 0) terminal.tell(`${left} no longer in the configuration ${left === 1 ? 'was' : 'were'} left: --prune`)
}

function showTable(summaries: readonly RealmSummary[], terminal: Terminal): void {
  const rows = summaries.map(({ name, created, changed, deleted, unchanged, calls }) => [
    name,
    ...[created, changed, deleted, unchanged, calls.reads + calls.writes].map(String),
  ])
  for (const line of formatTable(COLUMNS, rows)) terminal.print(line)
}
