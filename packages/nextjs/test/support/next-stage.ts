// The fixture application in one of its positions, with a realm, a service and whatever stands before it.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DevRealm, startDevRealm } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '@doorman/dev-realm/browser'
import { buildPackages } from '../../../../scripts/support/built-packages.ts'
import { buildNext, type RunningNext, startNext } from '../../../../scripts/support/next-application.ts'
import { type Backchannel, openBackchannel } from '../../../gateway/test/support/backchannel.ts'
import { openGateways, type StageGateways } from '../../../gateway/test/support/stage-gateways.ts'
import { createTestUpstream, type TestUpstream } from '../../../gateway/test/support/test-upstream.ts'
import { openRecordingFront, type RecordingFront } from './recording-front.ts'

export const POSITIONS = ['behind', 'embedded'] as const
export type PositionName = (typeof POSITIONS)[number]

export interface NextStage {
  readonly position: PositionName
  readonly publicUrl: string
  readonly realm: DevRealm
  readonly backchannel: Backchannel
  /** The service `agent`. */
  readonly agent: TestUpstream
  readonly next: RunningNext
  /** Its folder. Under `dev` a copy, which a test may change. */
  readonly sources: string
  readonly front: RecordingFront
  /** Null where there is none beside the application. */
  readonly gateways: StageGateways | null
  /** The same application once more, on the same configuration. */
  startAnother(): Promise<RunningNext>
  /** Between gateway and application, where there is one. */
  readonly between: RecordingFront | null
  url(path: string): string
  loggedIn(username?: string): Promise<Browser>
  close(): Promise<void>
}

export const CLIENT_SECRET = 'canary-client-secret'
export const WEB_SECRET = 'canary-web-service-secret'

/** Of another origin, same site. */
export const FRONT_END = 'http://localhost:5999'

const SEALING_KEY = '0f'.repeat(32)
const NOBODY_LISTENS = 'http://127.0.0.1:1'
const FOLDER = fileURLToPath(new URL('../app-fixture', import.meta.url))

/** The application alone: what it asks who is calling is away. */
export async function startForlorn(position: PositionName): Promise<RunningNext> {
  await buildNext(FOLDER)
  const away = { GATEWAY_URL: NOBODY_LISTENS, WEB_SECRET, AGENT_URL: NOBODY_LISTENS, GONE_URL: NOBODY_LISTENS }
  const folder = await mkdtemp(join(tmpdir(), 'doorman-next-'))
  const file = join(folder, 'doorman.yaml')
  await writeFile(file, FORLORN)
  const next = await startNext(FOLDER, 'start', position === 'behind' ? away : { CONFIG: file })
  const close = async () => {
    await next.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { ...next, close }
}

const FORLORN = `
publicUrl: http://localhost:4000
realms:
  main: { issuer: "${NOBODY_LISTENS}/realms/main", clientId: web-gateway, clientAuth: { secret: ${CLIENT_SECRET} } }
session: { store: "redis://127.0.0.1:1" }
keys: ["${SEALING_KEY}"]
services:
  agent: { url: "${NOBODY_LISTENS}", credential: accessToken }
  gone: { url: "${NOBODY_LISTENS}", credential: accessToken }
`

export async function openNextStage(
  position: PositionName,
  { command = 'start', store = 'sqlite:store/doorman.db' }: NextStageOptions = {},
): Promise<NextStage> {
  const sources = await (command === 'start' ? buildFixture() : copyFixture())
  const folder = await mkdtemp(join(tmpdir(), 'doorman-next-'))
  const front = await openRecordingFront()
  const publicUrl = `http://localhost:${front.port}`
  const realm = await startDevRealm({
    clients: [
      {
        clientId: 'web-gateway',
        secret: CLIENT_SECRET,
        redirectUris: [`${publicUrl}/auth/callback`],
        postLogoutRedirectUris: [`${publicUrl}/auth/logged-out`],
      },
    ],
  })
  const backchannel = await openBackchannel(realm.url)
  const agent = await createTestUpstream()
  const places = { publicUrl, realm, backchannel, agent, store, sources }
  const opened =
    position === 'behind' ? await openBehind(places, folder, front, command) : await openInside(places, folder, front)
  const url = (path: string) => publicUrl + path
  return {
    ...places,
    ...opened,
    position,
    front,
    url,
    async loggedIn(username = 'alice') {
      const browser = createBrowser()
      await browser.logIn(url('/auth/login'), { username, password: '' })
      return browser
    },
    async close() {
      await front.close()
      await Promise.all(opened.fronts.map((one) => one.close()))
      await Promise.all((opened.gateways?.gateways ?? []).map((gateway) => gateway.close()))
      await opened.next.close()
      await agent.close()
      await backchannel.close()
      await realm.close()
      await rm(folder, { recursive: true, force: true })
      if (sources !== FOLDER) await rm(sources, { recursive: true, force: true })
    },
  }
}

async function buildFixture(): Promise<string> {
  await buildNext(FOLDER)
  return FOLDER
}

/** Beside the fixture: Next goes by the packages above its folder. */
async function copyFixture(): Promise<string> {
  await buildPackages()
  const copy = await mkdtemp(join(FOLDER, '..', '.dev-'))
  await cp(FOLDER, copy, { recursive: true, filter: (path) => !basename(path).startsWith('.next') })
  return copy
}

type Command = 'start' | 'dev'

export interface NextStageOptions {
  /** Default `start`. `dev` is not built before. */
  readonly command?: Command
  /** `session.store`. Default: an SQLite file of its own. */
  readonly store?: string
}

interface Places extends Pick<NextStage, 'publicUrl' | 'realm' | 'backchannel' | 'agent' | 'sources'> {
  readonly store: string
}
interface Opened extends Pick<NextStage, 'next' | 'gateways' | 'between' | 'startAnother'> {
  readonly fronts: readonly RecordingFront[]
}

async function openBehind(places: Places, folder: string, front: RecordingFront, command: Command): Promise<Opened> {
  // Not the way browsers come: what this server is told is no browser's.
  const inner = await openRecordingFront()
  const startAnother = () =>
    startNext(places.sources, command, {
      GATEWAY_URL: places.publicUrl,
      INTERNAL_URL: `http://127.0.0.1:${inner.port}`,
      WEB_SECRET,
      AGENT_URL: places.agent.origin,
      GONE_URL: NOBODY_LISTENS,
    })
  const next = await startAnother()
  const between = await openRecordingFront()
  between.aim([next.port])
  const yaml = `${buildCommon(places)}
  web:
    url: http://127.0.0.1:${between.port}
    credential: { internal: { claims: [name, email, organization] } }
    auth: { secret: ${WEB_SECRET} }
routes:
  - { path: "/*", service: web, page: true, require: { login: optional }, upgrade: [websocket] }
`
  const aim: RecordingFront['aim'] = (ports) => {
    front.aim(ports)
    inner.aim(ports)
  }
  const gateways = await openGateways({ folder, aim }, yaml, {}, {})
  return { next, startAnother, gateways, fronts: [between, inner], between }
}

async function openInside(places: Places, folder: string, front: RecordingFront): Promise<Opened> {
  const file = join(folder, 'doorman.yaml')
  await writeFile(file, buildCommon(places).replaceAll('callers: [web]', 'callers: []'))
  const startAnother = () => startNext(places.sources, 'start', { CONFIG: file })
  const next = await startAnother()
  front.aim([next.port])
  return { next, startAnother, gateways: null, fronts: [], between: null }
}

function buildCommon({ publicUrl, realm, backchannel, agent, store }: Places): string {
  return `
publicUrl: ${publicUrl}
listen: 127.0.0.1:0
operator: { listen: 127.0.0.1:0 }
realms:
  main:
    issuer: ${realm.issuer}
    backchannelUrl: ${backchannel.origin}
    clientId: web-gateway
    clientAuth: { secret: ${CLIENT_SECRET} }
    scopes: [openid, profile, email, organization]
  models:
    issuer: ${realm.issuer}
    backchannelUrl: ${backchannel.origin}
    clientId: models-gateway
    clientAuth: { secret: ${CLIENT_SECRET} }
    obtain: login
session: { store: "${store}" }
keys: ["${SEALING_KEY}"]
user: { claims: [name, email] }
tenant: { claim: organization }
frontends: [{ origin: "${FRONT_END}" }]
services:
  agent: { url: "${agent.origin}", credential: accessToken, callers: [web] }
  gone: { url: "${NOBODY_LISTENS}", credential: accessToken, callers: [web] }
  llm: { url: "${NOBODY_LISTENS}", credential: { realm: models }, callers: [web] }
`
}
