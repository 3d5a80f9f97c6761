// "doorman doctor": what keeps consumers from getting what the file promises them. Asks, and changes nothing.
import { lookup } from 'node:dns/promises'
import { type Diagnosis, diagnose, type Finding, renderDiagnosis, type Subject } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { formatJson } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { prepareDoctor } from './doctor-ground.ts'
import { readProvisionFile } from './ground.ts'

export interface DoctorOptions {
  readonly file: string
  /** A client id, or a key of `clients`; null: everything. */
  readonly client: string | null
  readonly json: boolean
}

export async function doctor(options: DoctorOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const file = readProvisionFile(options.file, { needsCredentials: false }, terminal, env)
  if (file === undefined) return EXIT_CODE.configuration
  const { ground, openAdmin } = await prepareDoctor(file, options.client)
  const tools = {
    nowSeconds: () => Date.now() / 1000,
    lookup: async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address),
    openAdmin,
  }
  const all: Diagnosis[] = []
  let shown: Subject | undefined
  for await (const diagnosis of diagnose(ground, tools)) {
    all.push(diagnosis)
    const lines = options.json ? undefined : renderDiagnosis(diagnosis, shown)
    if (lines === undefined) continue
    terminal.print(printable(lines))
    shown = diagnosis.subject
  }
  const counts = countFindings(all)
  if (options.json) terminal.print(formatJson({ ...counts, subjects: groupDiagnoses(all) }, 2))
  else terminal.print(`\n${counts.wrong} wrong, ${counts.ok} ok, ${counts.unchecked} could not be checked`)
  return counts.wrong === 0 ? EXIT_CODE.ok : EXIT_CODE.failure
}

/** What servers have said must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '\ufffd')
}

function countFindings(all: readonly Diagnosis[]) {
  const count = (isCounted: (finding: Finding) => boolean) => all.filter(({ finding }) => isCounted(finding)).length
  return {
    wrong: count(({ kind }) => kind === 'wrong'),
    ok: count(({ kind }) => kind === 'ok'),
    /** What the file gives reason for, and could not be seen or waits for what is wrong. */
    unchecked: count((finding) => finding.kind === 'skipped' && finding.reason !== 'unneeded'),
  }
}

function groupDiagnoses(all: readonly Diagnosis[]) {
  return [...Map.groupBy(all, ({ subject }) => subject)].map(([subject, own]) => ({
    ...subject,
    checks: own.map(({ check, finding: { kind: state, ...found } }) => ({ check, state, ...found })),
  }))
}
