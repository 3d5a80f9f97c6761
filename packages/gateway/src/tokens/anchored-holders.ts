import type { TokenHolder } from './token-holder.ts'

/** What was obtained for somebody, remembered by their anchor alone: when it goes, so do the tokens. */
export interface AnchoredHolders {
  find(anchor: object, name: string): TokenHolder | undefined
  add(anchor: object, name: string, holder: TokenHolder): TokenHolder
}

export function createAnchoredHolders(): AnchoredHolders {
  const byAnchor = new WeakMap<object, Map<string, TokenHolder>>()
  return {
    find: (anchor, name) => byAnchor.get(anchor)?.get(name),
    add(anchor, name, holder) {
      const holders = byAnchor.get(anchor) ?? new Map<string, TokenHolder>()
      byAnchor.set(anchor, holders.set(name, holder))
      return holder
    },
  }
}
