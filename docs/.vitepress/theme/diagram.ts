// A diagram, drawn where it is seen and again when the colours change. Without scripts its text is there.
import type { Mermaid } from 'mermaid'
import { useData, withBase } from 'vitepress'
import { defineComponent, h, onMounted, shallowRef, useId, watch } from 'vue'

const LIGHT = {
  primaryColor: '#f7ebdf',
  primaryBorderColor: '#a55d2a',
  primaryTextColor: '#3c2a1c',
  lineColor: '#7d5a40',
  noteBkgColor: '#fffaf0',
  noteBorderColor: '#d9c3ad',
  tertiaryColor: '#fdf8f3',
  edgeLabelBackground: '#fffaf0',
}
const DARK = {
  darkMode: true,
  background: '#1b1b1f',
  primaryColor: '#3a2a1e',
  primaryBorderColor: '#c98a56',
  primaryTextColor: '#f0e2d4',
  lineColor: '#c9a88a',
  noteBkgColor: '#2b2622',
  noteTextColor: '#f0e2d4',
  noteBorderColor: '#5a4534',
  tertiaryColor: '#242024',
  edgeLabelBackground: '#2b2622',
}

export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData()
    const id = `diagram-${useId().replace(/\W/g, '')}`
    const text = decodeURIComponent(props.source)
    const svg = shallowRef('')

    async function draw(): Promise<void> {
      const mermaid = await loadMermaid()
      const themeVariables = isDark.value ? DARK : LIGHT
      mermaid.initialize({ startOnLoad: false, theme: 'base', fontFamily: 'inherit', themeVariables })
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
