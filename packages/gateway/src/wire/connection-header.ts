/** The headers `Connection` names (RFC 9110 section 7.6.1), lower case; null in the usual case that it names none. */
export function connectionOptions(connection: string | string[] | undefined): readonly string[] | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null
  return String(connection)
    .split(',')
    .map((option) => option.trim().toLowerCase())
}
