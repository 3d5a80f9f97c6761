import NextAuth from 'next-auth'
import type { JWT } from 'next-auth/jwt'
import Keycloak from 'next-auth/providers/keycloak'

const issuer = process.env.AUTH_KEYCLOAK_ISSUER ?? ''
const clientId = process.env.AUTH_KEYCLOAK_ID ?? ''
const clientSecret = process.env.AUTH_KEYCLOAK_SECRET ?? ''

function readClaims(accessToken: string) {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
}

function withTokens(token: JWT, accessToken: string, refreshToken: string, idToken: string, expiresAt: number): JWT {
  const claims = readClaims(accessToken)
  const roles = claims.realm_access?.roles ?? []
  const tenantId = claims.organization?.[0] ?? null
  return { ...token, accessToken, refreshToken, idToken, expiresAt, roles, tenantId, error: undefined }
}

async function refresh(token: JWT): Promise<JWT> {
  try {
    const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: token.refreshToken,
      }),
    })
    if (!response.ok) throw new Error(`refresh: ${response.status}`)
    const tokens = await response.json()
    const expiresAt = Math.floor(Date.now() / 1000) + tokens.expires_in
    return withTokens(token, tokens.access_token, tokens.refresh_token, tokens.id_token, expiresAt)
  } catch {
    return { ...token, error: 'RefreshTokenError' }
  }
}

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [Keycloak({ issuer, clientId, clientSecret })],
  callbacks: {
    authorized: ({ auth }) => auth !== null,
    jwt({ token, account }) {
      if (account) {
        const { access_token = '', refresh_token = '', id_token = '', expires_at = 0 } = account
        return withTokens(token, access_token, refresh_token, id_token, expires_at)
      }
      return Date.now() / 1000 < token.expiresAt - 30 ? token : refresh(token)
    },
    session({ session, token }) {
      session.user.id = token.sub ?? ''
      session.user.roles = token.roles
      session.user.tenantId = token.tenantId
      session.error = token.error
      return session
    },
  },
  events: {
    async signOut(message) {
      if (!('token' in message) || message.token === null) return
      const query = new URLSearchParams({ id_token_hint: message.token.idToken })
      await fetch(`${issuer}/protocol/openid-connect/logout?${query}`)
    },
  },
})
