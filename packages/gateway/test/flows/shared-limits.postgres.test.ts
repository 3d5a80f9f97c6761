import { after } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../support/servers/postgres.ts'
import { sharedLimitTest } from '../support/shared-limits.ts'

const server = await startPostgres()
after(() => server.close())

sharedLimitTest(server, async (schema) => {
  const client = new pg.Client(server.url)
  await client.connect()
  const { rows } = await client.query(`SELECT key FROM ${schema}.counter`)
  await client.end()
  return rows.map(({ key }) => String(key))
})
