// Secrets of clients. The only calls whose answers hold one.
import { readObject, readText } from './answers.ts'
import { type Connection, callsOf, GONE, nameOf } from './connection.ts'
import { readSecret } from './masked.ts'
import type { RealmAdmin } from './realm-admin.ts'

type SecretCalls = Pick<
  RealmAdmin['clients'],
  'secret' | 'regenerateSecret' | 'rotatedSecret' | 'invalidateRotatedSecret'
>

export function createSecretCalls(connection: Connection): SecretCalls {
  const { clients } = connection.client
  const read = callsOf(connection, 'read', 'view-clients')
  const write = callsOf(connection, 'write', 'manage-clients')
  const readRotated = clients.makeRequest<{ readonly id: string }, unknown>({
    method: 'GET',
    path: '/{id}/client-secret/rotated',
    urlParamKeys: ['id'],
    catchNotFound: true,
  })

  return {
    secret: async (id) => {
      const what = `read the secret of ${nameOf(connection, id)}`
      const answer = await read(what, async () => readObject(await clients.getClientSecret({ id })))
      return readSecret(answer.value, what)
    },
    regenerateSecret: async (id) => {
      const what = `make a new secret for ${nameOf(connection, id)}`
      const send = async () => readText(readObject(await clients.generateNewClientSecret({ id })), 'value')
      return write(what, send, { isRepeatable: false })
    },
    rotatedSecret: async (id) => {
      const what = `read the rotated secret of ${nameOf(connection, id)}`
      const answer = await read(what, () => readRotated({ id }))
      return answer === null ? undefined : readSecret(readObject(answer).value, what)
    },
    invalidateRotatedSecret: (id) => {
      const what = `end the rotated secret of ${nameOf(connection, id)}`
      return write(what, () => clients.invalidateSecret({ id }), GONE)
    },
  }
}
