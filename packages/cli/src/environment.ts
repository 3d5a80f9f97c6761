// The variables the command reads beside the configuration.
import { type ListenAddress, type LogLevel, parseListenAddress } from '@doorman/gateway'

export type Environment = Readonly<Record<string, string | undefined>>

export type EnvironmentSettings =
  | { readonly kind: 'valid'; readonly listen: ListenAddress | undefined; readonly logLevel: LogLevel | undefined }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[]

export function readEnvironment({
  DOORMAN_LISTEN: listen,
  DOORMAN_LOG_LEVEL: level,
}: Environment): EnvironmentSettings {
  const address = listen === undefined ? undefined : parseListenAddress(listen)
  const logLevel = LOG_LEVELS.find((known) => known === level)
  const problems = [
    ...(listen !== undefined && address === undefined ? ['DOORMAN_LISTEN: expected host:port, as 0.0.0.0:4000'] : []),
    ...(level !== undefined && logLevel === undefined
      ? [`DOORMAN_LOG_LEVEL: expected one of ${LOG_LEVELS.join(', ')}`]
      : []),
  ]
  return problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'valid', listen: address, logLevel }
}
