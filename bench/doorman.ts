// The gateway as it runs in production, in a process of its own: log on standard output, metrics on.
import { loadConfig, openGateway } from '@doorman/gateway'
import { answerUsage } from './measured-process.ts'

const { publicAddress } = await openGateway(loadConfig(process.argv[2] ?? '', process.env))
answerUsage(`http://${publicAddress.host}:${publicAddress.port}`)
