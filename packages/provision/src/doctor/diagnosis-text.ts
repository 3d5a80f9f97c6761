// Diagnoses as lines for a terminal: one for each check that the file gives reason for, and under what is wrong its cause
// and remedy.
import type { Diagnosis, Subject } from './diagnose.ts'
import type { Evidence, Finding } from './finding.ts'

const CHECK_WIDTH = 18
const INDENT = ' '.repeat(10)

/** Its lines; the first of a subject have the subject above them. Undefined: it is not worth one. */
export function renderDiagnosis(
  { subject, check, finding }: Diagnosis,
  /** Of the lines above. */
  before: Subject | undefined,
): string | undefined {
  if (finding.kind === 'skipped' && finding.reason === 'unneeded') return undefined
  const lines = findingLines(check, finding).join('\n')
  if (before === subject) return lines
  return `${before === undefined ? '' : '\n'}${titleOf(subject)}\n${lines}`
}

function titleOf(subject: Subject): string {
  if (subject.kind === 'realm') return `realm ${subject.name}: ${subject.issuer}`
  if (subject.kind === 'client') return `client ${subject.name} in ${subject.realm} (${subject.because})`
  return `service ${subject.name}`
}

function findingLines(check: string, finding: Finding): readonly string[] {
  const name = check.padEnd(CHECK_WIDTH)
  if (finding.kind === 'ok') return [`  ok      ${name}${finding.seen}`]
  if (finding.kind === 'skipped') return [`  skipped ${name}${finding.because}`]
  const { cause, remedy, evidence, fault } = finding
  return [
    `  WRONG   ${name}${cause}`,
    `${INDENT}Remedy: ${remedy}`,
    `${INDENT}${[fault, ...factsOf(evidence)].join('; ')}`,
  ]
}

function factsOf(evidence: Evidence): readonly string[] {
  const texts = Object.entries(evidence).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])
  return texts.flatMap(([name, text]) => (text === '' ? [] : [`${name}: ${text}`]))
}
