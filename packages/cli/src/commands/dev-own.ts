// "doorman dev --config FILE": a file of one's own, which lives in dev/.
import { readOwnFile } from '../dev/own-file.ts'
import { runOwn } from '../dev/run-own.ts'
import { type Environment, readEnvironment } from '../environment.ts'
import { EXIT_CODE } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

export interface DevOwnOptions {
  readonly file: string
  readonly opensGateway: boolean
  /** Empty for none. */
  readonly command: readonly string[]
}

export async function devOwn(
  { file, opensGateway, command }: DevOwnOptions,
  terminal: Terminal,
  env: Environment,
): Promise<number> {
  if (env.NODE_ENV === 'production') {
    throw new CommandError(
      'embedded realms let anybody in without a password: they do not start under NODE_ENV=production',
    )
  }
  const settings = readEnvironment(env)
  if (settings.kind === 'invalid') for (const problem of settings.problems) terminal.tell(problem)
  const own = readOwnFile(file, terminal, env)
  if (settings.kind === 'invalid' || own === undefined) return EXIT_CODE.configuration
  const listen = settings.listen ?? own.config.listen
  return runOwn(
    { ...own, config: { ...own.config, listen } },
    { opensGateway, command, logLevel: settings.logLevel ?? 'warn' },
    terminal,
  )
}
