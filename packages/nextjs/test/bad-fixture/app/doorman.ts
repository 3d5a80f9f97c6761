import { createDoorman } from '@doorman/nextjs'

export const doorman = createDoorman({ gateway: 'https://app.example.com', audience: 'web' })
