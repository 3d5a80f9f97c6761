import { createDoorman } from '@doorman/nextjs'

const { GATEWAY_URL = '', INTERNAL_URL, WEB_SECRET, AGENT_URL = '', GONE_URL = '', CONFIG } = process.env

export const doorman = createDoorman(
  CONFIG === undefined
    ? {
        gateway: GATEWAY_URL,
        audience: 'web',
        internalUrl: INTERNAL_URL,
        secret: WEB_SECRET,
        services: { agent: AGENT_URL, gone: GONE_URL },
      }
    : { config: CONFIG },
)
