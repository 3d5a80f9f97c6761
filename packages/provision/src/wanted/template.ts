// Templates of values: text with `{{placeholder}}`. No conditions, no loops, no escapes.
import { PLACEHOLDERS, type Placeholder } from './shapes.ts'

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: Placeholder }

export type Template =
  | { readonly kind: 'valid'; readonly parts: readonly TemplatePart[] }
  | { readonly kind: 'invalid'; readonly problem: string }

/** A wrong template is told by what is wrong with it, in words for the person who wrote it. */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = []
  for (const piece of text.split(/(\{\{.*?\}\})/su)) {
    const name = /^\{\{(.*)\}\}$/su.exec(piece)?.[1]?.trim()
    if (name === undefined) {
      if (piece.includes('{{')) return { kind: 'invalid', problem: 'there is {{ without }}' }
      if (piece !== '') parts.push({ kind: 'text', text: piece })
    } else if (isPlaceholder(name)) parts.push({ kind: 'placeholder', name })
    else return { kind: 'invalid', problem: unknownPlaceholder(name) }
  }
  return { kind: 'valid', parts }
}

function isPlaceholder(name: string): name is Placeholder {
  return PLACEHOLDERS.some((known) => known === name)
}

function unknownPlaceholder(name: string): string {
  const nearest = nearestPlaceholder(name)
  const hint = nearest === undefined ? '' : ` Did you mean {{${nearest}}}?`
  return `{{${name}}} is unknown.${hint} Known: ${PLACEHOLDERS.join(', ')}`
}

/** Case, `_` and `-` aside: `CLIENT_SECRET` is meant to be `clientSecret`. */
function nearestPlaceholder(name: string): Placeholder | undefined {
  const plain = plainOf(name)
  const [best] = PLACEHOLDERS.map((known) => ({ known, far: distance(plain, plainOf(known)) })).sort(
    (one, other) => one.far - other.far,
  )
  return best !== undefined && best.far <= Math.max(2, plain.length / 3) ? best.known : undefined
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
