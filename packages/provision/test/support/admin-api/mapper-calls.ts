// Protocol mappers, of clients and of scopes alike.
import { randomUUID } from 'node:crypto'
import { clientOf } from './client-calls.ts'
import type { Mapper } from './realm-state.ts'
import { brokenInside, created, exists, NO_CONTENT, notFound, ok } from './reply.ts'
import type { Asked, Routes } from './routes.ts'
import { scopeOf } from './scope-calls.ts'

type OwnerOf = (asked: Asked, ...needs: readonly string[]) => { protocolMappers: Mapper[] }

export const MAPPER_CALLS: Routes = { ...mapperCalls('clients', clientOf), ...mapperCalls('client-scopes', scopeOf) }

const VIEW = 'view-clients'
const MANAGE = 'manage-clients'

function mapperCalls(collection: string, ownerOf: OwnerOf): Routes {
  const path = `${collection}/*/protocol-mappers/models`
  return {
    [`GET ${path}`]: (asked) => ok(ownerOf(asked, VIEW).protocolMappers.map(effective)),
    [`POST ${path}`]: (asked) => {
      const owner = ownerOf(asked, MANAGE)
      const sent = readMapper(asked)
      if (owner.protocolMappers.some(({ name }) => name === sent.name))
        throw exists('Protocol mapper exists with same name')
      const mapper = { consentRequired: false, ...sent, id: randomUUID() }
      owner.protocolMappers.push(mapper)
      return created(`${asked.url}/${mapper.id}`)
    },
    [`PUT ${path}/*`]: (asked) => {
      const { protocolMappers } = ownerOf(asked, MANAGE)
      const mapper = mapperOf(protocolMappers, asked)
      const sent = readMapper(asked)
      if (sent.id === undefined) throw brokenInside()
      // The name stays.
      Object.assign(mapper, sent, { id: mapper.id, name: mapper.name })
      return NO_CONTENT
    },
    [`DELETE ${path}/*`]: (asked) => {
      const owner = ownerOf(asked, MANAGE)
      const mapper = mapperOf(owner.protocolMappers, asked)
      owner.protocolMappers = owner.protocolMappers.filter((other) => other !== mapper)
      return NO_CONTENT
    },
  }
}

function mapperOf(mappers: readonly Mapper[], { parts }: Asked): Mapper {
  const mapper = mappers.find(({ id }) => id === parts[1])
  if (mapper === undefined) throw notFound('Model not found')
  return mapper
}

function readMapper({ body }: Asked): Mapper {
  const sent = body as Mapper
  // The types themselves are not known here.
  if (!/^(oidc|saml)-/.test(String(sent.protocolMapper))) throw notFound('ProtocolMapper provider not found')
  return sent
}

/** What these calls show, and the representation of the client or scope does not: it tells what is stored. */
function effective(mapper: Mapper): Mapper {
  const config = { ...mapper.config }
  copyUnlessThere(config, 'access.token.claim', 'introspection.token.claim')
  copyUnlessThere(config, 'id.token.claim', 'userinfo.token.claim')
  return { ...mapper, config }
}

function copyUnlessThere(config: Record<string, string>, from: string, to: string): void {
  const value = config[from]
  if (value !== undefined && config[to] === undefined) config[to] = value
}
