// What a page of the documentation tells people to write: its blocks of code that begin with the name of a file.

export interface DocumentedStep {
  /** From the folder of the application. */
  readonly file: string
  readonly text: string
}

const BLOCK = /^```\w+\n(?:\/\/|#) (\S+\.\w+)\n(.*?)^```$/gms

/** The blocks below one heading, in their order. Throws where there is no such heading. */
export function readDocumentedSteps(page: string, heading: string): readonly DocumentedStep[] {
  const section = sectionOf(page, heading)
  return [...section.matchAll(BLOCK)].map(([, file = '', text = '']) => ({ file, text: text.replace(/^\n+/, '') }))
}

const COMMANDS = /^```sh\n(.*?)^```$/gms

/** What the page has people type below one heading, line by line. Throws where there is no such heading. */
export function readDocumentedCommands(page: string, heading: string): readonly string[] {
  const blocks = [...sectionOf(page, heading).matchAll(COMMANDS)].map(([, text = '']) => text)
  return blocks.flatMap((text) => text.split('\n')).filter((line) => line !== '' && !line.startsWith('#'))
}

/** Names of the packages that the page has people install. */
export function readInstalledPackages(page: string): readonly string[] {
  const commands = [...page.matchAll(/^npm install (.*)$/gm)].map(([, words = '']) => words)
  return [...new Set(commands.flatMap((words) => words.match(/@doorman\/[\w-]+/g) ?? []))]
}

function sectionOf(page: string, heading: string): string {
  const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`))
  if (section === undefined) throw new Error(`there is no heading “${heading}”`)
  return section
}
