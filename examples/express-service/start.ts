import { createService } from './service.ts'

const { PORT = '3001', DOORMAN_URL = 'http://localhost:4000', AUDIENCE = 'express' } = process.env

createService({ gateway: DOORMAN_URL, audience: AUDIENCE }).listen(Number(PORT), '127.0.0.1', (error) => {
  if (error !== undefined) throw error
  console.log(`express on http://127.0.0.1:${PORT}, internal tokens of ${DOORMAN_URL} for ${AUDIENCE}`)
})
