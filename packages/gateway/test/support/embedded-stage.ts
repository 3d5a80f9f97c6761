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
  /** Changes the text of the configuration. */
  readonly edit?: (yaml: string) => string
}

export interface EmbeddedStage extends Ground {
  readonly gateway: EmbeddedGateway
  readonly config: EmbeddedGateway['config']
  /** One more gateway on the same configuration. */
  another(): Promise<EmbeddedGateway>
  /** A web request as the application would have it, with a browser's session. */
  request(path: string, browser: Browser | null, init?: RequestInit & { readonly duplex?: 'half' }): Request
  /** Complete once the gateway has been closed. */
  log(): Promise<string>
}

export async function setEmbeddedStage(t: TestContext, options: EmbeddedStageOptions = {}): Promise<EmbeddedStage> {
  const ground = await openGround({ front: 'direct', ...options })
  const logFile = join(ground.folder, 'gateway.log')
  const { edit = (text) => text } = options
  const yaml = edit(ground.yaml.replace('services:', `services:\n${furtherServices(ground.upstream.origin)}`))
  const reading = parseConfig(yaml, { file: 'stage.yaml', env: {}, folder: ground.folder })
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems))
  const { config } = reading
  const open = () =>
    openEmbedded(config, { logLevel: 'debug', logDestination: openSync(logFile, 'a'), ...options.embedded })
  const gateway = await open()
  const server = await openWebServer(gateway.handle)
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
    async another() {
      const one = await open()
      t.after(() => one.close())
      return one
    },
    request(path, browser, init = {}) {
      const headers = new Headers({ 'sec-fetch-site': 'same-origin' })
      if (browser !== null) headers.set('cookie', `${sessionCookieName({ config })}=${sessionId({ config }, browser)}`)
      for (const [name, value] of new Headers(init.headers)) headers.set(name, value)
      return new Request(ground.url(path), { redirect: 'manual', ...init, headers })
    },
    log: () => readFile(logFile, 'utf8'),
  }
}

function furtherServices(url: string): string {
  return `  agent: { url: "${url}", credential: internal }\n  feed: { url: "${url}", credential: none }`
}
