import express from 'express'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'

const ISSUER = 'https://sso.example.com/realms/main'
const KEYS = createRemoteJWKSet(new URL(`${ISSUER}/protocol/openid-connect/certs`))

function rolesOf(claims: JWTPayload): readonly string[] {
  const { roles = [] } = (claims.realm_access ?? {}) as { roles?: readonly string[] }
  return roles
}

const app = express()

app.use('/api/reports', async (request, response, next) => {
  const token = request.get('x-forwarded-access-token') ?? ''
  try {
    const { payload } = await jwtVerify(token, KEYS, { issuer: ISSUER, algorithms: ['RS256'], audience: 'reports' })
    const needed = request.method === 'GET' ? 'reader' : 'editor'
    if (rolesOf(payload).includes(needed)) next()
    else response.status(403).json({ error: 'not allowed' })
  } catch {
    response.status(401).json({ error: 'login required' })
  }
})

app.get('/api/reports/mine', (_request, response) => void response.json({ reports: [] }))
app.listen(3000)
