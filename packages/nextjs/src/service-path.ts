/** The path and query of something at a service. Throws a `TypeError` for what would leave its origin. */
export function readServicePath(path: string): string {
  const url = path.startsWith('/') ? URL.parse(path, 'http://service.invalid') : null
  if (url?.origin === 'http://service.invalid' && !url.pathname.startsWith('//')) return url.pathname + url.search
  throw new TypeError('fetchService: the path must begin with one / and stay at the service')
}
