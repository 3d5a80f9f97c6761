import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const SOURCE = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve(name, context, onward) {
      if (name !== 'redis') return onward(name, context)
      throw Object.assign(new Error('not here'), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
  const { openRedisStore } = await import(${JSON.stringify(new URL('../../src/stores/redis.ts', import.meta.url).href)})
  await openRedisStore({}).catch(({ code, detail }) => console.log(JSON.stringify([code, detail.remedy])))
`

test('without its library the store is refused, with what to do', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SOURCE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  child.stdout.on('data', (text) => said.push(String(text)))
  await once(child, 'close')
  assert.deepEqual(JSON.parse(said.join('')), ['ERR_STORE_REFUSED', 'npm install redis'])
})
