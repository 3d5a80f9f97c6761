// With a gateway in front, requests for the service never come here.
import { doorman } from '../../../doorman'

export const { GET, POST } = doorman.apiProxy({ service: 'agent' })
