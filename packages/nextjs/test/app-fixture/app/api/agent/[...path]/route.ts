import { doorman } from '../../../../doorman'

export const { GET, POST, PUT, DELETE } = doorman.apiProxy({ service: 'agent', rewrite: '/v1/*' })
