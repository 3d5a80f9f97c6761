// The address a stage is published under: what stands before its gateways, browsers that trust it, and a folder.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { Agent, type Dispatcher } from 'undici'
import { openFront } from './front.ts'
import { LOOPBACK_CERTIFICATE } from './loopback-certificate.ts'

/** `tls`: https outside, a terminating proxy before the gateway. */
export type FrontKind = 'direct' | 'tls'

export interface Site {
  readonly publicUrl: string
  readonly folder: string
  /** Connections that trust the site's certificate. */
  readonly dispatcher: Dispatcher
  url(path: string): string
  /** A browser with an empty cookie jar that trusts the site's certificate. */
  browser(): Browser
  /** A browser in which somebody has logged in. */
  loggedIn(username?: string): Promise<Browser>
  /** Where connections go: ports of gateways. */
  aim(ports: readonly number[]): void
  /** Cuts the browsers' connections, for which a gateway that ends would wait. */
  disconnect(): Promise<void>
  /** Removes the folder. */
  remove(): Promise<void>
}

export async function openSite(kind: FrontKind): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'doorman-stage-'))
  const front = await openFront(kind)
  const publicUrl = `${kind === 'tls' ? 'https' : 'http'}://localhost:${front.port}`
  const dispatcher = new Agent({ connect: { ca: LOOPBACK_CERTIFICATE } })
  const browser = () => createBrowser({ dispatcher })
  const url = (path: string) => `${publicUrl}${path}`
  return {
    publicUrl,
    folder,
    dispatcher,
    aim: front.aim,
    url,
    browser,
    async loggedIn(username = 'alice') {
      const visitor = browser()
      await visitor.logIn(url('/auth/login'), { username, password: '' })
      return visitor
    },
    async disconnect() {
      await dispatcher.destroy()
      await front.close()
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
