import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createRateLimiter, type RateLimit, type RateVerdict } from '../../src/policy/rate-limit.ts'

const SECOND_MILLIS = 1000

/** A limiter on a clock that stands still. */
function setUp(t: TestContext, limit: Partial<RateLimit> = {}) {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 })
  const limiter = createRateLimiter({ requests: 3, windowSeconds: 60, burst: 0, ...limit })
  const times = async (count: number, key = 'a'): Promise<readonly RateVerdict['kind'][]> => {
    const kinds: RateVerdict['kind'][] = []
    for (let at = 0; at < count; at += 1) kinds.push((await limiter.consume(key)).kind)
    return kinds
  }
  const advance = (seconds: number) => t.mock.timers.tick(seconds * SECOND_MILLIS)
  return { limiter, times, advance }
}

const allowed = (count: number) => Array<RateVerdict['kind']>(count).fill('allowed')

suite('a rate', () => {
  test('lets its requests through and no more', async (t) => {
    const { times } = setUp(t)
    assert.deepEqual(await times(5), [...allowed(3), 'limited', 'limited'])
  })

  test('counts each key for itself', async (t) => {
    const { times } = setUp(t)
    await times(4, 'a')
    assert.deepEqual(await times(3, 'b'), allowed(3))
  })

  test('begins anew with the next window, which refused requests do not put off', async (t) => {
    const { times, advance } = setUp(t)
    await times(4)
    advance(59)
    assert.deepEqual(await times(1), ['limited'])
    advance(1)
    assert.deepEqual(await times(4), [...allowed(3), 'limited'])
  })

  test('counts requests that come at once', async (t) => {
    const { limiter } = setUp(t)
    const verdicts = await Promise.all(Array.from({ length: 10 }, () => limiter.consume('a')))
    assert.equal(verdicts.filter(({ kind }) => kind === 'allowed').length, 3)
  })

  test('is counted by two limiters apart', async (t) => {
    const { times } = setUp(t)
    await times(4)
    const other = createRateLimiter({ requests: 3, windowSeconds: 60, burst: 0 })
    assert.equal((await other.consume('a')).kind, 'allowed')
  })

  for (const key of ['', '__proto__', 'constructor', 'a:b', 'ünïcödé', 'x'.repeat(10_000)]) {
    test(`counts the key ${JSON.stringify(key.slice(0, 12))}`, async (t) => {
      const { times } = setUp(t)
      assert.deepEqual(await times(4, key), [...allowed(3), 'limited'])
    })
  }
})

suite('what a caller is told', () => {
  test('is the policy, what remains, and when it begins anew', async (t) => {
    const { limiter, advance } = setUp(t)
    await limiter.consume('a')
    advance(17.5)
    assert.deepEqual(await limiter.consume('a'), {
      kind: 'allowed',
      headers: [
        ['ratelimit-policy', '"default";q=3;w=60'],
        ['ratelimit', '"default";r=1;t=43'],
      ],
      retryAfterSeconds: 43,
    })
  })

  test('is never less than a second', async (t) => {
    const { limiter, times, advance } = setUp(t)
    await times(3)
    advance(59.999)
    const { kind, headers, retryAfterSeconds } = await limiter.consume('a')
    assert.deepEqual({ kind, retryAfterSeconds }, { kind: 'limited', retryAfterSeconds: 1 })
    assert.deepEqual(headers[1], ['ratelimit', '"default";r=0;t=1'])
  })
})

suite('a burst', () => {
  test('lets that many more through, once', async (t) => {
    const { times, advance } = setUp(t, { burst: 2 })
    assert.deepEqual(await times(6), [...allowed(5), 'limited'])
    advance(60)
    assert.deepEqual(await times(4), [...allowed(3), 'limited'])
  })

  test('is saved up again after ten windows', async (t) => {
    const { times, advance } = setUp(t, { burst: 2 })
    await times(6)
    advance(600)
    assert.deepEqual(await times(6), [...allowed(5), 'limited'])
  })

  test('is never shown as remaining', async (t) => {
    const { limiter, times } = setUp(t, { burst: 2 })
    await times(3)
    assert.deepEqual((await limiter.consume('a')).headers[1], ['ratelimit', '"default";r=0;t=60'])
  })
})

test('a flood of other keys frees none that is at its limit', async (t) => {
  const { limiter, times } = setUp(t)
  await times(4, 'limited')
  await times(3, 'quiet')
  for (let at = 0; at < 25_000; at += 1) await limiter.consume(`flood ${at}`)
  assert.deepEqual(await times(1, 'limited'), ['limited'])
  // The price of bounded memory: somebody quiet, and not at the limit, counts anew.
  assert.deepEqual(await times(1, 'quiet'), ['allowed'])
})

test('while as many keys as are held are at their limit, nobody new is let through', async (t) => {
  const { limiter, times, advance } = setUp(t, { requests: 1 })
  for (let at = 0; at < 20_000; at += 1) {
    await limiter.consume(`flood ${at}`)
    await limiter.consume(`flood ${at}`)
  }
  assert.equal((await limiter.consume('new')).kind, 'limited')
  assert.equal((await limiter.consume('new')).retryAfterSeconds, 60)
  advance(60)
  assert.deepEqual(await times(1, 'new'), ['allowed'])
})

test('counters keep no process from ending', () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  void createRateLimiter({ requests: 1, windowSeconds: 3600, burst: 0 }).consume('a')
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length, before)
})

test('a window longer than a timer can wait is refused: its counters would end at once', () => {
  const days = 86_400
  assert.throws(() => createRateLimiter({ requests: 1, windowSeconds: 25 * days, burst: 0 }), TypeError)
  assert.throws(() => createRateLimiter({ requests: 1, windowSeconds: 3 * days, burst: 1 }), TypeError)
  assert.ok(createRateLimiter({ requests: 1, windowSeconds: days, burst: 1 }))
})
