// What every command has at hand, and how it ends.
import type { Environment } from './environment.ts'
import type { Terminal } from './terminal.ts'

export interface CommandContext {
  readonly terminal: Terminal
  readonly env: Environment
  end(exitCode: number): void
}
