// A Chromium without an installation: DOORMAN_CHROMIUM, one on this machine, else the npm package's.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'

export interface FoundChromium {
  readonly executablePath: string
  /** What the process needs beside ours; the package brings its own libraries and fonts. */
  readonly env: Readonly<Record<string, string>>
}

const CACHE_DIRECTORY = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))
const PACKAGE_DIRECTORY = fileURLToPath(new URL('../../node_modules/@sparticuz/chromium/', import.meta.url))
const ARCHIVES = ['chromium.br', 'al2023.tar.br', 'fonts.tar.br', 'swiftshader.tar.br']
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const MAC_APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Without `--no-sandbox` Chromium does not start as root. Nothing here switches a protection of pages off. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-pings',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
]

/** Undefined where there is none and the package does not fit the machine. */
export async function findChromium(): Promise<FoundChromium | undefined> {
  const installed = process.env.DOORMAN_CHROMIUM || findInstalled()
  if (installed) return { executablePath: installed, env: {} }
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(PACKAGE_DIRECTORY)) return undefined
  const directory = await unpackPackage()
  return {
    executablePath: join(directory, 'chromium'),
    env: { LD_LIBRARY_PATH: join(directory, 'al2023', 'lib'), FONTCONFIG_PATH: join(directory, 'fonts') },
  }
}

/** Throws when there is no Chromium; tests that need one stand in `*.browser.test.ts`. */
export async function launchChromium(): Promise<Browser> {
  const found = await findChromium()
  if (found === undefined) throw new Error('No Chromium here: set DOORMAN_CHROMIUM to its path')
  return chromium.launch({
    executablePath: found.executablePath,
    args: ARGUMENTS,
    // Playwright's own default would keep the back button from showing a page as it was left, which people's browsers do.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    env: { ...definedOnly(process.env), ...found.env },
  })
}

function findInstalled(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command)))
  return [...candidates, ...MAC_APPLICATIONS].find((path) => existsSync(path))
}

async function unpackPackage(): Promise<string> {
  const { inflate } = await import('@sparticuz/chromium')
  const directory = join(CACHE_DIRECTORY, `chromium-${await packageVersion()}`)
  if (existsSync(directory)) return directory
  await mkdir(CACHE_DIRECTORY, { recursive: true })
  const temporary = await mkdtemp(`${directory}-`)
  await unpackInto(temporary, () => ARCHIVES.map((archive) => inflate(join(PACKAGE_DIRECTORY, 'bin', archive))))
  await writeFile(join(temporary, 'fonts', 'fonts.conf'), fontsConfiguration(directory))
  // Another process may have been faster; its folder is as good.
  await rename(temporary, directory).catch(() => rm(temporary, { recursive: true, force: true }))
  return directory
}

/** The package's own file names folders of another machine. */
function fontsConfiguration(directory: string): string {
  const [fonts, cache] = [join(directory, 'fonts'), join(directory, 'fonts-cache')]
  return `<fontconfig><dir>${fonts}</dir><dir>/usr/share/fonts</dir><cachedir>${cache}</cachedir></fontconfig>\n`
}

async function packageVersion(): Promise<string> {
  const manifest: { readonly version: string } = JSON.parse(
    await readFile(join(PACKAGE_DIRECTORY, 'package.json'), 'utf8'),
  )
  return manifest.version
}

/** The package unpacks into the system's temporary folder only, which it reads when it is called. */
async function unpackInto(directory: string, start: () => ReadonlyArray<Promise<string>>): Promise<void> {
  const before = process.env.TMPDIR
  process.env.TMPDIR = directory
  const running = start()
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  await Promise.all(running)
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
