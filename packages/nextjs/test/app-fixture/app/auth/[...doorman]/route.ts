import { doorman } from '../../../doorman'

export const { GET, POST, DELETE, OPTIONS } = doorman.handlers
