// A diagram, drawn where it is seen and again when the colours change. Without scripts its text is there.
import type { Mermaid } from 'mermaid'
import { useData, withBase } from 'vitepress'
import { defineComponent, h, onMounted, shallowRef, useId, watch } from 'vue'

export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData()
    const id = `diagram-${useId().replace(/\W/g, '')}`
    const text = decodeURIComponent(props.source)
    const svg = shallowRef('')

    async function draw(): Promise<void> {
      const mermaid = await loadMermaid()
      mermaid.initialize({ startOnLoad: false, theme: isDark.value ? 'dark' : 'neutral', fontFamily: 'inherit' })
      svg.value = (await mermaid.render(id, text)).svg
    }

    onMounted(draw)
    watch(isDark, draw)
    return () => (svg.value === '' ? h('pre', text) : h('div', { class: 'diagram', innerHTML: svg.value }))
  },
})

async function loadMermaid(): Promise<Mermaid> {
  const module: { readonly default: Mermaid } = await import(
    /* @vite-ignore */ withBase('/mermaid/mermaid.esm.min.mjs')
  )
  return module.default
}
