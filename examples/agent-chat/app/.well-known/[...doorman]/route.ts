// The public keys of internal tokens, by which the service checks them.
import { doorman } from '../../doorman'

export const { GET } = doorman.handlers
