import { createDoorman } from '@doorman/nextjs'

const { DOORMAN_URL = '', WEB_SECRET = '', API_URL = '' } = process.env

export const doorman = createDoorman({
  gateway: DOORMAN_URL,
  audience: 'web',
  secret: WEB_SECRET,
  services: { api: API_URL },
})

export interface Verdict {
  readonly good: boolean
  readonly says: string
}

export interface Verdicts {
  readonly byKeySet: Verdict
  readonly byIntrospection: Verdict
}

/** With the card of whoever looks at the page. */
export async function askApi<Body>(path: string): Promise<{ readonly status: number; readonly body: Body }> {
  const answer = await doorman.fetchService('api', path)
  return { status: answer.status, body: await answer.json() }
}

/** Of the card that the API saw last, whoever asks. */
export function fetchLastVerdicts(): Promise<Verdicts | null> {
  return fetch(`${API_URL}/last-card`, { cache: 'no-store' }).then(
    (answer) => answer.json(),
    () => null,
  )
}
