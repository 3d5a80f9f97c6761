// The public surface of @doorman/provision.
export { isProvisionError, ProvisionError, type ProvisionErrorCode } from './errors.ts'
