// A real Redis that goes away and comes back.
import { after } from 'node:test'
import { startRedis } from '../support/servers/redis.ts'
import { testOutages } from '../support/store-outage.ts'

const server = await startRedis()
after(() => server.close())
testOutages(server)
