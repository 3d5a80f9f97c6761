import { after } from 'node:test'
import { startRedis } from '../support/servers/redis.ts'
import { sharedLimitTest } from '../support/shared-limits.ts'

const redis = await startRedis()
after(() => redis.close())

sharedLimitTest(redis, async (prefix) => (await redis.ask('KEYS', `${prefix}:limit:*`)) as readonly string[])
