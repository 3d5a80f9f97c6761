import { createDoorman } from '@doorman/nextjs'

const {
  EMBEDDED,
  DOORMAN_CONFIG = 'doorman.embedded.yaml',
  DOORMAN_URL = '',
  WEB_SECRET,
  DOORMAN_PORT_AGENT,
} = process.env

/** The same application in both positions: inside, the gateway needs its file; in front, where it is. */
export const doorman = createDoorman(
  EMBEDDED === 'true'
    ? { config: DOORMAN_CONFIG }
    : {
        gateway: DOORMAN_URL,
        audience: 'web',
        secret: WEB_SECRET,
        services: { agent: `http://localhost:${DOORMAN_PORT_AGENT}` },
      },
)
