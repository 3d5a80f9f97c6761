import { doorman } from '../../../../../doorman'

export const { GET } = doorman.apiProxy({ service: 'agent', require: { tenant: true } })
