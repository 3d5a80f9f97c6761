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
/** Passes its options on to `doorman dev`. */
const DEMO = 'scripts/start.js'

/**
 * What is wrong with commands that are typed in one of `folders`, from the root of the repository. Nothing is run but
 * `--help`.
 */
export async function findWrongCommands(folders: readonly string[], code: string): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const words of commandsOf(code)) {
    const problem = findMissingFile(words) ?? (await findProblem(folders, words))
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

/** Only what the repository has is named by such a path. */
function findMissingFile(words: readonly string[]): string | null {
  const missing = words.filter((word) => /^(?:deploy|docs|examples)\//.test(word) && !existsSync(join(ROOT, word)))
  return missing.length === 0 ? null : `no ${missing.join(', ')}`
}

async function findProblem(
  folders: readonly string[],
  [program = '', ...words]: readonly string[],
): Promise<string | null> {
  if (program === 'npx') return words[0] === 'doorman' ? findWrongDoorman(words.slice(1)) : findMissingProgram(words[0])
  if (program === 'doorman') return findWrongDoorman(words)
  if (program === 'npm') return findWrongScript(folders, words)
  return FOREIGN.includes(program) ? null : 'a program nobody knows'
}

function findMissingProgram(name = ''): string | null {
  return existsSync(join(ROOT, 'node_modules', '.bin', name)) ? null : 'is not installed here'
}

async function findWrongScript(
  folders: readonly string[],
  [first = '', ...words]: readonly string[],
): Promise<string | null> {
  if (OF_NPM.includes(first)) return null
  const [name = '', ...options] = first === 'run' ? words : [first, ...words]
  const folder = folders.find((place) => scriptOf(place, name) !== undefined)
  if (folder === undefined) return 'no such script'
  const file = /\S+\.[jt]s$/.exec(scriptOf(folder, name) ?? '')?.[0]
  const long = options.filter((option) => option.startsWith('--') && option !== '--')
  if (long.length === 0) return null
  if (file === undefined) return 'takes no options'
  return file === DEMO ? findWrongDoorman(['dev', ...long]) : findUnreadOptions(join(ROOT, folder, file), long)
}

function scriptOf(folder: string, name: string): string | undefined {
  const manifest = join(ROOT, folder, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).scripts?.[name] : undefined
}

/** Options stand in the file itself, or in one that it imports. */
function findUnreadOptions(file: string, options: readonly string[]): string | null {
  const own = readFileSync(file, 'utf8')
  const imported = [...own.matchAll(/ from '(\.[^']+)'/g)].map(([, path = '']) => join(dirname(file), path))
  const texts = [own, ...imported.map((path) => readFileSync(path, 'utf8'))]
  const unread = options.filter((option) => {
    const declared = new RegExp(`^ *'?${option.slice(2)}'?: \\{ type: |\\{ '?${option.slice(2)}'?: \\{ type: `, 'm')
    return !texts.some((text) => declared.test(text))
  })
  return unread.length === 0 ? null : `no ${unread.join(', ')}`
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
  const missing = options.filter((option) => !new RegExp(`^  (?:-\\w, )?${option}(?![\\w-])`, 'm').test(help))
  return missing.length === 0 ? null : `no ${missing.join(', ')}`
}

function isGroup(help: string): boolean {
  return /^Commands:$/m.test(help)
}
