import type { Tally } from './tally.ts'

export interface Column {
  readonly store: string
  readonly tally: Tally
}

const ROWS: ReadonlyArray<readonly [title: string, read: (tally: Tally) => string]> = [
  ['rounds', ({ rounds }) => String(rounds)],
  ['seconds', ({ seconds }) => seconds.toFixed(0)],
  ['faults of processes and stores', ({ strikes }) => String(sum(strikes))],
  ['requests', ({ requests }) => String(requests)],
  ['token requests', ({ tokenRequests }) => String(tokenRequests)],
  ['spent tokens sent again', ({ spentTaken, spentRefused }) => String(spentTaken + spentRefused)],
  ['- of them refused', ({ spentRefused }) => String(spentRefused)],
  ['**sessions lost**', ({ lost }) => `**${lost}**`],
  ['healed: the answer was lost', ({ healed }) => String(healed.answer)],
  ['healed: a process was stopped before it sent', ({ healed }) => String(healed.stopped)],
  ['healed: the store lost a write', ({ healed }) => String(healed.write)],
  ['in again without a page: the store lost the session', ({ healed }) => String(healed.record)],
  ['healed: the store failed under the answer', ({ healed }) => String(healed.unwritten)],
  ['healed: unexplained', ({ healed }) => String(healed.unexplained)],
  ['ended: hit twice within a minute', ({ hitTwice }) => String(hitTwice)],
  ["wrong: another person's data", ({ wrong }) => String(wrong['another person'])],
  ['wrong: expired token sent on', ({ wrong }) => String(wrong['expired token'])],
  ['wrong: 401 without a reason', ({ wrong }) => String(wrong['unfounded 401'])],
  ['wrong: other answers, or none', ({ wrong }) => String(wrong['unexpected status'] + wrong['no answer'])],
  ['processes that ended by themselves', ({ crashed }) => String(crashed)],
  ['503', ({ unavailable }) => String(unavailable)],
  ['broken off with their process', ({ brokenOff }) => String(brokenOff)],
  ['p50 / p99, ms', ({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(0)}`],
  ['longest wait, s', ({ longestWait }) => (longestWait / 1000).toFixed(1)],
  ['longest healing, s', ({ longestHealing }) => (longestHealing / 1000).toFixed(1)],
]

/** Markdown: what was counted, and then how often each fault came. */
export function formatTable(columns: readonly Column[]): string {
  const names = columns.map(({ store }) => store)
  const counted = ROWS.map(([title, read]) => [title, ...columns.map(({ tally }) => read(tally))])
  return [
    formatRows(['', ...names], counted),
    formatRows(['fault of the realm: rounds', ...names], listCounts(columns, 'faults')),
    formatRows(['fault of a process or the store', ...names], listCounts(columns, 'strikes')),
  ].join('\n\n')
}

function listCounts(columns: readonly Column[], counts: 'faults' | 'strikes'): readonly (readonly string[])[] {
  const names = [...new Set(columns.flatMap(({ tally }) => Object.keys(tally[counts])))].sort()
  return names.map((name) => [name, ...columns.map(({ tally }) => String(tally[counts][name] ?? 0))])
}

function formatRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [format(head), format(rule), ...rows.map(format)].join('\n')
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
