import 'server-only'

export { createDoorman, type Doorman } from './doorman.ts'
export { DoormanError } from './errors.ts'
export type { BehindOptions, DoormanOptions, EmbeddedOptions } from './options.ts'
export type { ApiProxyOptions, ApiRequirement } from './requirement.ts'
export type { ApiHandlers, RouteHandler, RouteOptions, SessionContext } from './route-handlers.ts'
export type { DoormanSession } from './session.ts'
export type { SignInOptions, SignOutOptions } from './urls.ts'
