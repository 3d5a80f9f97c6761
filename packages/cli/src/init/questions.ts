// What "doorman init" asks when nobody said it.
import { isCancel, text } from '@clack/prompts'
import { CommandError } from '../failure.ts'

export interface Question {
  readonly message: string
  readonly initial: string
  readonly expected: string
  accept(answer: string): boolean
}

export async function askFor({ message, initial, expected, accept }: Question): Promise<string> {
  const answer = await text({
    message,
    initialValue: initial,
    validate: (value = '') => (accept(value) ? undefined : `Expected ${expected}.`),
  })
  if (isCancel(answer)) throw new CommandError('given up, nothing was written')
  return answer
}
