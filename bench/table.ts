import type { Row, Spread } from './statistics.ts'

const COLUMNS = ['row', 'CPU µs per request', 'x floor', 'p50 ms', 'p99 ms', 'MiB at rest (PSS)'] as const

/** A Markdown table: medians, and least and most in brackets. */
export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.name,
    formatSpread(row.cpuMicrosSpread, 1),
    formatSpread(row.ratioSpread, 2),
    row.p50.toFixed(2),
    row.p99.toFixed(2),
    `${row.residentMiB.toFixed(0)} (${row.proportionalMiB?.toFixed(0) ?? '?'})`,
  ])
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [format(COLUMNS), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n')
}

function formatSpread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`
}
