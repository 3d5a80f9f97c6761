import { doorman } from '../../../../doorman'

export const { GET, POST, PUT, DELETE } = doorman.apiProxy({
  service: 'agent',
  require: { tenant: true },
  rewrite: '/v1/agent/*',
})
