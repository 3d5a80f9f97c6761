export { formatListenAddress, isLoopbackHost, parseListenAddress } from './config/addresses.ts'
export type * from './config/gateway-config.ts'
export { type ConfigReading, loadConfig, parseConfig, readConfig } from './config/load.ts'
export { type ConfigProblem, formatProblem } from './config/problems.ts'
