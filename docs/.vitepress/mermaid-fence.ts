import type { MarkdownRenderer } from 'vitepress'

/** Fenced blocks of `mermaid`, which GitHub draws by itself. */
export function drawDiagrams(md: MarkdownRenderer): void {
  const { fence } = md.renderer.rules
  if (fence === undefined) throw new TypeError('the renderer has no rule for fenced blocks')
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index]
    if (token?.info.trim() !== 'mermaid') return fence(tokens, index, options, env, self)
    return `<Diagram source="${encodeURIComponent(token.content)}" />`
  }
}
