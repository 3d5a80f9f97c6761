// "doorman init": the two files a new gateway needs, and what the realm still lacks.
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { formatProblem, parseConfig } from '@doorman/gateway'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import { buildClientRegistration } from '../init/client-registration.ts'
import { buildConfigFile, type InitialSettings } from '../init/config-file.ts'
import { askFor, type Question } from '../init/questions.ts'
import { type CheckedItem, checkRealm } from '../init/realm-check.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export interface InitOptions {
  readonly issuer?: string
  readonly publicUrl?: string
  readonly clientId?: string
  readonly config: string
  readonly clientFile: string
  readonly force?: true
}

export async function init(options: InitOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  refuseToOverwrite(options)
  const settings = await gatherSettings(options, terminal)
  const configFile = buildConfigFile(settings)
  const problems = findProblems(configFile, options.config)
  if (problems.length > 0) throw new CommandError(problems.join('\n'))
  writeFileSync(options.config, configFile)
  writeFileSync(options.clientFile, `${JSON.stringify(buildClientRegistration(settings), null, 2)}\n`)
  terminal.tell(`Wrote ${options.config} and ${options.clientFile}.\n`)
  const items = await checkRealm({ ...settings, clientSecret: env.KEYCLOAK_CLIENT_SECRET || undefined })
  for (const line of formatItems(items)) terminal.print(line)
  terminal.tell(nextSteps(options, items))
  return EXIT_CODE.ok
}

const ISSUER: Question = {
  message: 'Which realm do people log in to?',
  initial: 'https://',
  expected: 'an issuer such as https://sso.example.com/realms/main',
  accept: (value) => /^https?:\/\/[^\s/]+\/\S*[^/\s]$/.test(value),
}

const PUBLIC_URL: Question = {
  message: 'Where will browsers find the gateway?',
  initial: 'http://localhost:4000',
  expected: 'an origin such as https://app.example.com',
  accept: (value) => /^https?:\/\/[^\s/]+$/.test(value),
}

const CLIENT_ID: Question = {
  message: 'What is the client of the gateway called in the realm?',
  initial: 'web-gateway',
  expected: 'a client id',
  accept: (value) => /^\S+$/.test(value),
}

async function gatherSettings(options: InitOptions, { isInteractive }: Terminal): Promise<InitialSettings> {
  const or = (question: Question) => (isInteractive ? askFor(question) : question.initial)
  if (options.issuer === undefined && !isInteractive) {
    throw new CommandError('which realm? Say --issuer https://sso.example.com/realms/main')
  }
  return {
    issuer: options.issuer ?? (await or(ISSUER)),
    publicUrl: options.publicUrl ?? (await or(PUBLIC_URL)),
    clientId: options.clientId ?? (await or(CLIENT_ID)),
  }
}

/** What was typed is checked by the same rules as the file. */
function findProblems(text: string, file: string): readonly string[] {
  const env = { KEYCLOAK_CLIENT_SECRET: 'to be set' }
  const reading = parseConfig(text, { file, env, folder: dirname(resolve(file)) })
  return reading.kind === 'valid' ? [] : reading.problems.map(formatProblem)
}

function refuseToOverwrite({ config, clientFile, force }: InitOptions): void {
  const existing = [config, clientFile].filter((file) => existsSync(file))
  if (existing.length === 0 || force === true) return
  throw new CommandError(`already there: ${existing.join(', ')}; use --force to overwrite`)
}

const MARKS: Readonly<Record<CheckedItem['state'], string>> = { right: 'ok', missing: 'LACKS', unknown: '?' }

function formatItems(items: readonly CheckedItem[]): readonly string[] {
  return formatTable(
    ['of the realm', '', ''],
    items.map(({ item, state, remark }) => [item, MARKS[state], remark]),
  )
}

function nextSteps({ clientFile, config }: InitOptions, items: readonly CheckedItem[]): string {
  const isRight = (wanted: CheckedItem['item']) => items.some(({ item, state }) => item === wanted && state === 'right')
  const steps = [
    ...(isRight('redirect URI') ? [] : [`import ${clientFile} in Keycloak: Clients, Import client`]),
    ...(isRight('secret') ? [] : ['put the secret of the client (tab "Credentials") into KEYCLOAK_CLIENT_SECRET']),
    `name your services and routes in ${config}, then: doorman check`,
    'doorman start',
  ]
  return `\nNext:\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n')}`
}
