// Templates of values: text with `{{placeholder}}`. No conditions, no loops, no escapes.
import { nearestName } from './near.ts'
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
  const nearest = nearestName(name, PLACEHOLDERS)
  const hint = nearest === undefined ? '' : ` Did you mean {{${nearest}}}?`
  return `{{${name}}} is unknown.${hint} Known: ${PLACEHOLDERS.join(', ')}`
}
