import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BehindOptions, readBehindOptions } from '../src/options.ts'

const LEAST: BehindOptions = { gateway: 'https://app.example.com', audience: 'web' }

test('the gateway is reached where people reach it, unless it is said otherwise', () => {
  assert.equal(readBehindOptions(LEAST).internalUrl, 'https://app.example.com')
  const inside = { ...LEAST, internalUrl: 'http://doorman:4000/' }
  assert.deepEqual(readBehindOptions(inside), { ...readBehindOptions(LEAST), internalUrl: 'http://doorman:4000' })
})

test('what is empty in the environment counts as not set', () => {
  assert.deepEqual(readBehindOptions({ ...LEAST, internalUrl: '', secret: '' }), readBehindOptions(LEAST))
  assert.equal(readBehindOptions(LEAST).secret, null)
})

const WRONG_ORIGINS = [
  undefined,
  '',
  'app.example.com',
  '/relative',
  'ftp://app.example.com',
  'https://app.example.com/base',
  'https://app.example.com/?query',
  'https://app.example.com/#fragment',
  'https://name@app.example.com',
  'https://:canary@app.example.com',
]

for (const wrong of WRONG_ORIGINS) {
  test(`${wrong} is no origin, and the error names the option without its value`, () => {
    const options: readonly (readonly [string, object])[] = [
      ['gateway', { ...LEAST, gateway: wrong }],
      ['services.agent', { ...LEAST, services: { agent: wrong } }],
    ]
    for (const [name, value] of options) {
      const isNamed = (error: unknown) =>
        error instanceof TypeError && error.message.includes(`: ${name} must`) && !error.message.includes('canary')
      assert.throws(() => readBehindOptions(value as BehindOptions), isNamed)
    }
  })
}

test('an audience is needed', () => {
  for (const audience of ['', undefined]) {
    const isNamed = (error: unknown) => error instanceof TypeError && error.message.includes('audience')
    assert.throws(() => readBehindOptions({ ...LEAST, audience } as BehindOptions), isNamed)
  }
})
