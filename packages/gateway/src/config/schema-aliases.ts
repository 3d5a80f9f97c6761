// Paths and methods of the gateway's own endpoints that front ends know from before.
import { z } from 'zod'
import { ownsBelow } from '../kernel/paths.ts'
import { ALIASED_ENDPOINTS, type AliasTarget } from './gateway-config.ts'
import { parseRoutePath } from './route-path.ts'
import { checked, localName, matching } from './schema-values.ts'

const TARGET = `${ALIASED_ENDPOINTS.join(', ')}, or one of the mappings { token: REALM }, { login: … }, { logout: … }`

const word = z.enum(ALIASED_ENDPOINTS, TARGET).transform((endpoint): AliasTarget => {
  return { kind: 'endpoint', endpoint, returnTo: null }
})

const token = z
  .strictObject({
    token: localName.meta({
      description:
        'A realm with `dangerouslyGiveToBrowser`. Instead of `X-Doorman: 1` a request of your own page needs ' +
        '`Sec-Fetch-Dest: empty` here, which every fetch has.',
    }),
  })
  .transform(({ token: realm }): AliasTarget => ({ kind: 'token', realm }))

const returnTo = z.strictObject({
  returnTo: matching('the name of a parameter', /^[a-z][\w-]{0,40}$/i).meta({
    description: 'What `return_to` is called at this path.',
  }),
})

const login = z
  .strictObject({ login: returnTo.meta({ description: 'The login, with a parameter of another name.' }) })
  .transform(({ login }): AliasTarget => ({ kind: 'endpoint', endpoint: 'login', ...login }))

const logout = z
  .strictObject({ logout: returnTo.meta({ description: 'The logout, with a parameter of another name.' }) })
  .transform(({ logout }): AliasTarget => ({ kind: 'endpoint', endpoint: 'logout', ...logout }))

const path = checked('a canonical path such as /user-info', (value) => {
  return !ownsBelow(value) && parseRoutePath(value) !== undefined
})

export const aliases = z
  .record(path, z.union([word, token, login, logout], TARGET))
  .prefault({})
  .meta({
    description:
      'Further paths of these endpoints, for front ends that go on unchanged: a mapping of paths to ' +
      `${ALIASED_ENDPOINTS.map((name) => `\`${name}\``).join(', ')} or to a mapping below. A parameter \`sid\` is ` +
      'ignored there, and opens nothing.',
    'x-name': 'PATH',
  })

export const alsoGet = z
  .array(z.enum(['logout', 'refresh'], 'logout or refresh'))
  .default([])
  .meta({
    description:
      'Endpoints that answer GET as they do POST: to fetches of your own pages, and to navigations from them or typed in. ' +
      'Whoever another site sends to the logout is asked first.',
  })
