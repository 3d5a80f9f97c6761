// What browsers and realms say of people gets into what commands print: nothing in it may steer the terminal, or turn a
// line around.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Lines of a table with columns as wide as their widest cell. What cannot be printed is shown as `\ufffd`. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const titles = head.map((title) => title.toUpperCase())
  const cells = rows.map((row) => row.map(printable))
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)))
  return [titles, ...cells].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** What cannot be printed is shown as `\ufffd`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd')
}

/** JSON as it is, but for what cannot be printed, which stands there as an escape. */
export function formatJson(value: unknown, indent = 0): string {
  const escapeAll = (unprintable: string) =>
    // Line ends between the lines are ours: those of the values are escaped already.
    unprintable === '\n' ? unprintable : unprintable.split('').map(escapeUnit).join('')
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, escapeAll)
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
