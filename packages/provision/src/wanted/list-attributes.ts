// Attributes of Keycloak's that hold a list in one text. The order of their items means nothing.
const SEPARATOR = '##'
const LIST_ATTRIBUTES: readonly string[] = ['post.logout.redirect.uris', 'oauth2.jwt.authorization.grant.idp']

export function isListAttribute(name: string): boolean {
  return LIST_ATTRIBUTES.includes(name)
}

export function splitList(value: string): readonly string[] {
  return value.split(SEPARATOR).filter((item) => item !== '')
}

export function joinList(items: readonly string[]): string {
  return items.join(SEPARATOR)
}
