import { doorman } from '../../doorman'

export const { GET, POST, DELETE } = doorman.handlers
