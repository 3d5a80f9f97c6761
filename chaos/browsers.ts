// The way from the browsers to the gateways: one public address, and for each request the process that the bench wants.
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { Agent, type Dispatcher } from 'undici'
import type { Gateways } from './gateways.ts'

/** Nobody listens here: each request is taken to a gateway's own port. */
export const PUBLIC_URL = 'http://localhost:4000'
/** Names the process that a request goes to, and does not travel; without it chance decides. */
export const PROCESS_HEADER = 'x-chaos-process'

const ANSWER_MILLISECONDS = 25_000

export interface Browsers {
  create(): Browser
  close(): Promise<void>
}

export function createBrowsers(gateways: Gateways): Browsers {
  const agent = new Agent({ headersTimeout: ANSWER_MILLISECONDS, bodyTimeout: ANSWER_MILLISECONDS })

  function originFor(name: string | undefined): string {
    const [byChance] = gateways.wellOnes()
    const gateway = name === undefined ? byChance : gateways.find(name)
    if (gateway === undefined) throw new Error('no gateway is up')
    return `http://127.0.0.1:${gateway.port}`
  }

  const route: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    if (String(options.origin) !== PUBLIC_URL) return dispatch(options, handler)
    const { [PROCESS_HEADER]: name, ...headers } = options.headers as Record<string, string>
    return dispatch(
      { ...options, origin: originFor(name), headers: { ...headers, host: new URL(PUBLIC_URL).host } },
      handler,
    )
  }

  const dispatcher = agent.compose(route)
  return {
    create: () => createBrowser({ dispatcher }),
    close: () => agent.destroy(),
  }
}
