// A gateway that listens, or the key of the file that has to change for it.
import { type Gateway, type GatewayConfig, type GatewayOptions, openGateway } from '@doorman/gateway'
import { CommandError, isCoded } from './failure.ts'

export async function openListening(config: GatewayConfig, options: GatewayOptions): Promise<Gateway> {
  try {
    return await openGateway(config, options)
  } catch (error) {
    throw isCoded(error, 'ERR_LISTEN_FAILED') ? describeListenFailure(error.detail ?? {}, config) : error
  }
}

function describeListenFailure(detail: Readonly<Record<string, unknown>>, config: GatewayConfig): CommandError {
  const { port, because } = detail
  const { listen, operator } = config
  const keys = { listen, 'operator.listen': operator.listen, 'operator.probes': operator.probes }
  const key = Object.entries(keys).find(([, address]) => address?.port === port)?.[0] ?? 'listen'
  if (because === 'EADDRINUSE') {
    return new CommandError(`port ${port} is taken by another process; stop it, or set ${key} to another port`)
  }
  if (because === 'EACCES')
    return new CommandError(`port ${port} needs more rights; set ${key} to a port from 1024 upwards`)
  return new CommandError(`cannot listen on port ${port} (${because}); see ${key} in the configuration`)
}
