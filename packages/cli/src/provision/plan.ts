// "doorman plan": what the realms lack of what the file wants. Changes nothing.
import { isInSync, renderPlan, writePlanFile } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { formatJson } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { openGround } from './ground.ts'
import { planGround } from './plan-ground.ts'

export interface PlanOptions {
  readonly file: string
  readonly json: boolean
  /** Where the plan goes for `doorman apply FILE`; null: nowhere. */
  readonly out: string | null
}

export async function plan(options: PlanOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const ground = await openGround({ file: options.file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  const { plan: planned } = await planGround(ground)
  if (options.out !== null) writePlanFile(options.out, planned)
  const colours = terminal.isInteractive && !env.NO_COLOR
  terminal.print(options.json ? formatJson(planned, 2) : renderPlan(planned, { colours }))
  if (options.out !== null) terminal.tell(`Carry it out with: doorman apply ${options.out}`)
  return isInSync(planned) ? EXIT_CODE.ok : EXIT_CODE.changes
}
