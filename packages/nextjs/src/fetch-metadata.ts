// What a request is for: Fetch Metadata (W3C), by the rules of the gateway.

/** True when a person will see the answer as a page. */
export function isNavigation(headers: Headers): boolean {
  const mode = headers.get('sec-fetch-mode')
  if (mode === null) return (headers.get('accept') ?? '').includes('text/html')
  return mode === 'navigate' && (headers.get('sec-fetch-dest') ?? 'document') === 'document'
}
