// What the documentation tells people to type: does each command exist, with each of its options?
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../../packages/cli/test/support/command.ts'
import { ROOT } from './built-packages.ts'

/** Programs of the reader's own machine. */
const FOREIGN = [
  '.',
  'curl',
  'docker',
  'gh',
  'grep',
  'kubectl',
  'python3',
  'rm',
  'set',
  'sqlite3',
  '.venv/bin/pip',
  '.venv/bin/python',
]
const WORD = /"[^"]*"|'[^']*'|[^\s"']+/g
const OF_NPM = ['ci', 'install']

/** What is wrong with the lines of a block, by the page that shows them. Nothing is run but `--help`. */
export async function findWrongCommands(page: string, code: string): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const words of commandsOf(code)) {
    const problem = await findProblem(page, words)
    if (problem !== null) wrong.push(`${words.join(' ')}: ${problem}`)
  }
  return wrong
}

/** Simple commands as words, without comments and variables that are set for them. */
export function commandsOf(code: string): readonly (readonly string[])[] {
  const lines = code
    .replaceAll(/\\\n/g, ' ')
    .replaceAll(/(^|\s)#.*$/gm, '')
    .split('\n')
  const commands = lines.flatMap((line) => line.split(/&&|\|\|?|;/)).map((command) => command.match(WORD) ?? [])
  return commands
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter((words) => words.length > 0)
}

async function findProblem(page: string, [program = '', ...words]: readonly string[]): Promise<string | null> {
  if (program === 'npx') return words[0] === 'doorman' ? findWrongDoorman(words.slice(1)) : findMissingProgram(words[0])
  if (program === 'doorman') return findWrongDoorman(words)
  if (program === 'npm') return findMissingScript(page, words)
  return FOREIGN.includes(program) ? null : 'a program nobody knows'
}

function findMissingProgram(name = ''): string | null {
  return existsSync(join(ROOT, 'node_modules', '.bin', name)) ? null : 'is not installed here'
}

function findMissingScript(page: string, [first = '', second = '']: readonly string[]): string | null {
  if (OF_NPM.includes(first)) return null
  const name = first === 'run' ? second : first
  const manifests = [join(ROOT, dirname(page), 'package.json'), join(ROOT, 'package.json')].filter(existsSync)
  return manifests.some((manifest) => name in JSON.parse(readFileSync(manifest, 'utf8')).scripts)
    ? null
    : 'no such script'
}

const helps = new Map<string, string>()

async function helpOf(command: readonly string[]): Promise<string> {
  const key = command.join(' ')
  const help = helps.get(key) ?? (await run([...command, '--help'])).out
  helps.set(key, help)
  return help
}

/** Words behind `--` are the reader's own command. */
async function findWrongDoorman(all: readonly string[]): Promise<string | null> {
  const end = all.indexOf('--')
  const words = end === -1 ? all : all.slice(0, end)
  const command: string[] = []
  for (const word of words) {
    if (!isGroup(await helpOf(command))) break
    if (word.startsWith('-')) return 'an option in the place of a command'
    command.push(word)
    if (!(await helpOf(command)).startsWith(`Usage: doorman ${command.join(' ')}`)) return 'no such command'
  }
  const help = await helpOf(command)
  const options = words.filter((word) => word.startsWith('-')).map((word) => word.replace(/=.*/, ''))
  const missing = options.filter((option) => !new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(help))
  return missing.length === 0 ? null : `no ${missing.join(', ')}`
}

function isGroup(help: string): boolean {
  return /^Commands:$/m.test(help)
}
