import { after } from 'node:test'
import { sessionStoreContract } from '../contracts/session-store.ts'
import { openTestRedis } from '../support/network-stores.ts'
import {
  startRedis,
  startRedisAcl,
  startRedisCluster,
  startRedisSentinel,
  startRedisTls,
} from '../support/servers/redis.ts'

/** What docs/storage-format.md says that the user needs. */
export const RIGHTS = [
  '~doorman*',
  '&doorman*',
  '-@all',
  '+@read',
  '+@write',
  '+@scripting',
  '+@pubsub',
  '+@connection',
]
const MORE_RIGHTS = ['+time', '+role', '+wait', '+scan', '-@dangerous', '+role']

const SERVERS = {
  'Redis alone': await startRedis(),
  'Redis over TLS': await startRedisTls(),
  'Redis with a user of few rights': await startRedisAcl([...RIGHTS, ...MORE_RIGHTS]),
  'a cluster of Redis over TLS': await startRedisCluster({ isTls: true }),
  'Redis behind Sentinels': await startRedisSentinel(),
}

for (const [name, server] of Object.entries(SERVERS)) {
  sessionStoreContract(name, (clock) => openTestRedis(server.url, { clock }), { sweeps: false })
}

after(async () => {
  await Promise.all(Object.values(SERVERS).map((server) => server.close()))
})
