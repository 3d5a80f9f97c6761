import { createDoorman } from '@doorman/nextjs'

export const doorman = createDoorman({ config: './doorman.yaml' })
