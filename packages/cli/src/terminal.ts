// Where a command speaks: results to the standard output, everything else to the error output.
export interface Terminal {
  print(line: string): void
  /** For progress, warnings and errors, which must not get into a pipe. */
  tell(line: string): void
  /** Somebody can answer questions. */
  readonly isInteractive: boolean
}

export const processTerminal: Terminal = {
  print: (line) => void process.stdout.write(`${line}\n`),
  tell: (line) => void process.stderr.write(`${line}\n`),
  isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
}
