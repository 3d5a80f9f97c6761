import { createService } from './service.ts'

const { DOORMAN_URL = '', DOORMAN_PORT_AGENT } = process.env

createService({ gateway: DOORMAN_URL, audience: 'agent' }).listen(Number(DOORMAN_PORT_AGENT), '127.0.0.1')
