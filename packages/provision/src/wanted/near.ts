// Which known name was meant by a misspelt one.

/** `did you mean NAME?`, or null when none is near. Case, `-`, `_` and `.` do not count. */
export function askNear(name: string, known: readonly string[]): string | null {
  const nearest = nearestName(name, known)
  return nearest === undefined ? null : `did you mean ${nearest}?`
}

export function nearestName<Name extends string>(name: string, known: readonly Name[]): Name | undefined {
  const plain = plainOf(name)
  const [best] = known
    .map((candidate) => ({ candidate, far: distance(plain, plainOf(candidate)) }))
    .sort((one, other) => one.far - other.far)
  return best !== undefined && best.far <= Math.max(2, plain.length / 3) ? best.candidate : undefined
}

function plainOf(name: string): string {
  return name.replace(/[_.\-\s]/gu, '').toLowerCase()
}

/** How many letters have to be put in, taken out or exchanged. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (const [column, wanted] of [...other].entries()) {
      const change = (row[column] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
