import { describeFailure } from './failure.ts'
import { runProgram } from './program.ts'
import { processTerminal } from './terminal.ts'

try {
  process.exitCode = await runProgram(process.argv.slice(2), processTerminal, process.env)
} catch (error) {
  const { line, exitCode } = describeFailure(error)
  processTerminal.tell(line)
  process.exitCode = exitCode
}
