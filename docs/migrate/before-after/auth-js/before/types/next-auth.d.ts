import type { DefaultSession } from 'next-auth'

declare module 'next-auth' {
  interface Session {
    error?: 'RefreshTokenError' | undefined
    user: { id: string; roles: readonly string[]; tenantId: string | null } & DefaultSession['user']
  }
}

declare module 'next-auth/jwt' {
  interface JWT {
    accessToken: string
    refreshToken: string
    idToken: string
    expiresAt: number
    roles: readonly string[]
    tenantId: string | null
    error?: 'RefreshTokenError' | undefined
  }
}
