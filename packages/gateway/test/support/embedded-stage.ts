// An embedded gateway on one stage with a development realm and an upstream, in an application's server.
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { type EmbeddedGateway, type EmbeddedOptions, openEmbedded, parseConfig } from '../../src/embedded.ts'
import { sessionCookieName, sessionId } from './flow.ts'
import { type Ground, openGround, type StageOptions } from './stage.ts'
import { openWebServer } from './web-server.ts'

export interface EmbeddedStageOptions extends Partial<Omit<StageOptions, 'front' | 'replicas' | 'gateway'>> {
  readonly embedded?: EmbeddedOptions
  /** What the application answers itself; default: everything is the gateway's. */
  readonly application?: (request: Request, gateway: EmbeddedGateway) => Promise<Response>
}

export interface EmbeddedStage extends Ground {
  readonly gateway: EmbeddedGateway
  readonly config: EmbeddedGateway['config']
  /** A web request as the application would have it, with a browser's session. */
  request(path: string, browser: Browser | null, init?: RequestInit & { readonly duplex?: 'half' }): Request
  /** Complete once the gateway has been closed. */
  log(): Promise<string>
}

export async function setEmbeddedStage(t: TestContext, options: EmbeddedStageOptions = {}): Promise<EmbeddedStage> {
  const ground = await openGround({ front: 'direct', ...options })
  const { application = (request, own) => own.handle(request) } = options
  const logFile = join(ground.folder, 'gateway.log')
  const reading = parseConfig(ground.yaml, { file: 'stage.yaml', env: {}, folder: ground.folder })
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems))
  const { config } = reading
  const logDestination = openSync(logFile, 'a')
  const gateway = await openEmbedded(config, { logLevel: 'debug', logDestination, ...options.embedded })
  const server = await openWebServer((request) => application(request, gateway))
  ground.aim([server.port])
  t.after(async () => {
    await ground.disconnect()
    await gateway.close()
    await server.close()
    await ground.close()
  })
  return {
    ...ground,
    gateway,
    config,
    request(path, browser, init = {}) {
      const headers = new Headers({ 'sec-fetch-site': 'same-origin' })
      if (browser !== null) headers.set('cookie', `${sessionCookieName({ config })}=${sessionId({ config }, browser)}`)
      for (const [name, value] of new Headers(init.headers)) headers.set(name, value)
      return new Request(ground.url(path), { redirect: 'manual', ...init, headers })
    },
    log: () => readFile(logFile, 'utf8'),
  }
}
