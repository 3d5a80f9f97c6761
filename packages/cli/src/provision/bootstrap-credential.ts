// The administrator's credential: from a file, the environment or a question, never from the command line, where other
// processes could read it.
import { readFileSync } from 'node:fs'
import { isCancel, password } from '@clack/prompts'
import type { AdminCredential } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { CommandError, isCoded } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

export interface Administrator {
  readonly kind: 'user' | 'client'
  readonly name: string
  readonly realm: string
  readonly secretFile: string | null
}

const VARIABLES = { user: 'DOORMAN_ADMIN_PASSWORD', client: 'DOORMAN_ADMIN_SECRET' } as const
/** The public client of every realm that administrators log in with. */
const ADMIN_CLI = 'admin-cli'

export async function readAdministrator(
  administrator: Administrator,
  terminal: Terminal,
  env: Environment,
): Promise<AdminCredential> {
  const { kind, name, realm } = administrator
  const secret = await readSecret(administrator, terminal, env)
  if (kind === 'client') return { kind: 'foreignSecret', realm, clientId: name, secret }
  return { kind: 'password', realm, clientId: ADMIN_CLI, username: name, password: secret }
}

async function readSecret({ kind, name, secretFile }: Administrator, terminal: Terminal, env: Environment) {
  if (secretFile !== null) return readSecretFile(secretFile)
  const given = env[VARIABLES[kind]]
  if (given !== undefined && given !== '') return given
  if (!terminal.isInteractive) {
    throw new CommandError(`nobody can be asked here: set ${VARIABLES[kind]}, or use --admin-secret-file`)
  }
  const answer = await password({ message: `${kind === 'user' ? 'Password' : 'Secret'} of ${name}` })
  if (isCancel(answer) || answer === '') throw new CommandError('given up, nothing was changed')
  return answer
}

function readSecretFile(file: string): string {
  try {
    const secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    if (secret !== '') return secret
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${isCoded(error) ? error.code : 'unknown'}`)
  }
  throw new CommandError(`${file} is empty`)
}
