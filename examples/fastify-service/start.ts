import { createService } from './service.ts'

const { PORT = '3002', REALM_ISSUER = 'http://localhost:8180/realms/main', AUDIENCE = 'billing' } = process.env

await createService({ issuer: REALM_ISSUER, audience: AUDIENCE }).listen({ port: Number(PORT), host: '127.0.0.1' })
console.log(`fastify on http://127.0.0.1:${PORT}, access tokens of ${REALM_ISSUER} for ${AUDIENCE}`)
