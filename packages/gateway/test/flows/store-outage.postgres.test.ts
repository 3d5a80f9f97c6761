// A real PostgreSQL that goes away and comes back.
import { after } from 'node:test'
import { startPostgres } from '../support/servers/postgres.ts'
import { testOutages } from '../support/store-outage.ts'

const server = await startPostgres()
after(() => server.close())
testOutages({ ...server, url: `${server.url}?sslmode=disable` })
