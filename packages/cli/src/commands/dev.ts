// "doorman dev": the demo, which lives in dev/.
import { type DevOptions, runDev } from '../dev/dev.ts'
import { EXAMPLES_FOLDER } from '../dev/example-services.ts'
import { type Environment, readEnvironment } from '../environment.ts'
import { EXIT_CODE } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

const FOLDER = '.doorman/dev'

export async function dev(
  options: Pick<DevOptions, 'walks' | 'usesKeycloak' | 'port'>,
  terminal: Terminal,
  env: Environment,
): Promise<number> {
  const settings = readEnvironment(env)
  if (settings.kind === 'invalid') {
    for (const problem of settings.problems) terminal.tell(problem)
    return EXIT_CODE.configuration
  }
  if (env.NODE_ENV === 'production') {
    throw new CommandError('the demo lets anybody in without a password: it does not start under NODE_ENV=production')
  }
  const logLevel = settings.logLevel ?? 'warn'
  return runDev({
    ...options,
    folder: FOLDER,
    listen: settings.listen,
    logLevel,
    examples: EXAMPLES_FOLDER,
    leavesOut: env.CI !== 'true',
    print: terminal.print,
  })
}
