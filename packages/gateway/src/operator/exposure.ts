// May these endpoints be offered on this listener? Asked at start; a refusal ends it with exit code 78.
import type { OperatorEndpoint } from './endpoints.ts'

export type Exposure = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly paths: readonly string[] }

/** Off loopback, whatever is neither a probe nor the metrics needs a token. */
export function judgeExposure(
  endpoints: readonly OperatorEndpoint[],
  listener: { readonly isLoopback: boolean; readonly hasToken: boolean },
): Exposure {
  if (listener.hasToken || listener.isLoopback) return { kind: 'allowed' }
  const paths = endpoints.filter(({ access }) => access === 'token').map(({ path }) => path)
  return paths.length === 0 ? { kind: 'allowed' } : { kind: 'refused', paths }
}
