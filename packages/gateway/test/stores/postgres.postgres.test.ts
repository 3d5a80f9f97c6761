import { after } from 'node:test'
import { sessionStoreContract } from '../contracts/session-store.ts'
import { LOOPBACK_CERTIFICATE } from '../support/loopback-certificate.ts'
import { openPostgresTestStore } from '../support/postgres-stores.ts'
import { startPostgres } from '../support/servers/postgres.ts'

const server = await startPostgres()
after(() => server.close())

sessionStoreContract('the PostgreSQL store', (clock) => openPostgresTestStore(server.url, { clock }))

sessionStoreContract('the PostgreSQL store over TLS', (clock) =>
  openPostgresTestStore(server.tlsUrl, { clock, ca: [LOOPBACK_CERTIFICATE] }),
)
