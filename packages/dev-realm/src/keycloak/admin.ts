// The admin REST interface, as far as tests and the demo need it. Never for production: it holds a password.
import { KeycloakError } from './errors.ts'
import { KEYCLOAK_ADMIN } from './recipe.ts'

const TOKEN_MARGIN_SECONDS = 10

/** Paths are relative to `/admin/realms/`, as in `main/users`. All reject with `ERR_KEYCLOAK_ADMIN_REFUSED`. */
export interface KeycloakAdmin {
  /** A fresh access token of the administrator. */
  token(): Promise<string>
  get<Answer>(path: string): Promise<Answer>
  /** The answer's body; for what was created without one, its id from `Location`. */
  post<Answer>(path: string, body?: unknown): Promise<Answer>
  put(path: string, body: unknown): Promise<void>
  /** Reads, replaces the named fields, writes back: Keycloak's own PUT treats an absent field differently by kind. */
  merge(path: string, changes: Readonly<Record<string, unknown>>): Promise<void>
  delete(path: string): Promise<void>
}

export function createKeycloakAdmin(url: string): KeycloakAdmin {
  const token = createTokenSource(url)

  async function call(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${url}/admin/realms/${path}`, {
      method,
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (response.ok) return response
    throw refused(`${method} ${path}`, response.status, await response.text())
  }

  const admin: KeycloakAdmin = {
    token,
    get: async <Answer>(path: string) => (await (await call('GET', path)).json()) as Answer,
    post: async <Answer>(path: string, body?: unknown) => (await readCreated(await call('POST', path, body))) as Answer,
    put: async (path, body) => void (await call('PUT', path, body)),
    merge: async (path, changes) => {
      await admin.put(path, { ...(await admin.get<Record<string, unknown>>(path)), ...changes })
    },
    delete: async (path) => void (await call('DELETE', path)),
  }
  return admin
}

async function readCreated(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text !== '') return JSON.parse(text)
  return response.headers.get('location')?.split('/').at(-1)
}

function createTokenSource(url: string): () => Promise<string> {
  let current: { readonly token: string; readonly renewAt: number } | undefined
  return async () => {
    if (current !== undefined && Date.now() < current.renewAt) return current.token
    const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...KEYCLOAK_ADMIN }),
    })
    if (!response.ok) throw refused('the login of the administrator', response.status, await response.text())
    const answer = (await response.json()) as { readonly access_token: string; readonly expires_in: number }
    current = { token: answer.access_token, renewAt: Date.now() + (answer.expires_in - TOKEN_MARGIN_SECONDS) * 1000 }
    return current.token
  }
}

function refused(what: string, status: number, body: string): KeycloakError {
  return new KeycloakError('ERR_KEYCLOAK_ADMIN_REFUSED', `Keycloak answered ${what} with ${status}: ${body}`)
}
