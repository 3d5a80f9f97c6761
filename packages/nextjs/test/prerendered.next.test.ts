// What Next makes of pages before anybody asks: the part that everybody is sent first says nothing about anybody.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createBrowser } from '@doorman/dev-realm/browser'
import { type NextStage, openNextStage, POSITIONS } from './support/next-stage.ts'

const BUILT = new URL('./app-fixture/.next/server/app/', import.meta.url)

for (const position of POSITIONS) {
  let stage: NextStage
  before(async () => {
    stage = await openNextStage(position)
  })
  after(() => stage?.close())

  test(`${position}: the shell of a page is made once, and who is asking is only in what follows it`, async () => {
    const alice = await stage.loggedIn()
    const html = await readFile(fileURLToPath(new URL('index.html', BUILT)), 'utf8')
    const shell = html.slice(0, html.indexOf('</body>'))
    assert.match(shell, /<h1>The shell<\/h1>.*<p>…<\/p>/)
    const { body } = await alice.navigate(stage.url('/'))
    assert.equal(body.slice(0, shell.length), shell)
    assert.match(body.slice(shell.length), /<p id="who">Alice Test<\/p>/)
    assert.doesNotMatch(html, /Alice|id="who"/)
  })

  test(`${position}: nobody who comes after somebody is shown who came before`, async () => {
    const alice = await stage.loggedIn()
    assert.match((await alice.navigate(stage.url('/'))).body, /Alice Test/)
    const { body } = await createBrowser().navigate(stage.url('/'))
    assert.match(body, /<p id="who">nobody<\/p>/)
    assert.doesNotMatch(body, /Alice/)
  })
}
