import { doorman } from '../../../../doorman'

export const { GET } = doorman.apiProxy({ service: 'gone' })
