// Orders, in TypeScript: one line checks the card. It serves the front page and the administrators' page, too.
import { readFileSync } from 'node:fs'
import { guard } from '@doorman/resource-server/hono'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { html } from 'hono/html'

const { DOORMAN_URL = 'http://localhost:4000', PORT = '4011' } = process.env
const FRONT_PAGE = readFileSync(new URL('page.html', import.meta.url), 'utf8')
const orders: { readonly by: string; readonly name: unknown; readonly what: string }[] = []

const app = new Hono()
app.get('/', (c) => c.html(FRONT_PAGE))

// What stands below this line needs a card for `orders`.
app.use(guard({ gateway: DOORMAN_URL, audience: 'orders' }))

app.get('/api/orders', (c) => {
  const { subject, claims } = c.get('caller')
  const mine = orders.filter(({ by }) => by === subject).map(({ what }) => what)
  return c.json({ service: 'orders', language: 'TypeScript', audience: claims.aud, person: claims.name, orders: mine })
})

app.post('/api/orders/new', (c) => {
  const { subject, claims } = c.get('caller')
  orders.push({ by: subject, name: claims.name, what: `tea, no. ${orders.length + 1}` })
  return c.json({ ordered: orders.at(-1)?.what }, 201)
})

app.get('/admin', (c) => {
  c.get('caller').requireRole('admin')
  const rows = orders.map(({ name, what }) => html`<li>${name}: ${what}</li>`)
  return c.html(html`<!doctype html><title>All orders</title><h1>All orders</h1><ul>${rows}</ul><a href="/">Back</a>`)
})

serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, () => console.log(`orders on ${PORT}`))
