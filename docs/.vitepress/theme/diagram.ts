// A diagram, drawn where it is seen and again when the colours change. Without scripts its text is there.
import { useData } from 'vitepress'
import { defineComponent, h, onMounted, shallowRef, useId, watch } from 'vue'

export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData()
    const id = `diagram-${useId().replace(/\W/g, '')}`
    const text = decodeURIComponent(props.source)
    const svg = shallowRef('')

    async function draw(): Promise<void> {
      const { default: mermaid } = await import('mermaid')
      mermaid.initialize({ startOnLoad: false, theme: isDark.value ? 'dark' : 'neutral', fontFamily: 'inherit' })
      svg.value = (await mermaid.render(id, text)).svg
    }

    onMounted(draw)
    watch(isDark, draw)
    return () => (svg.value === '' ? h('pre', text) : h('div', { class: 'diagram', innerHTML: svg.value }))
  },
})
