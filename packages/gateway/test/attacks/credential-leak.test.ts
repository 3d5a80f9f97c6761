// Every credential had, renewed, refused and lost; afterwards no token stands anywhere but at its service.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FAULTS } from '@doorman/dev-realm'
import { type BrowserAnswer, createBrowser } from '@doorman/dev-realm/browser'
import { type Backchannel, openBackchannel } from '../support/backchannel.ts'
import { assertAnswerClean, createCanaryCage, recordAnswers } from '../support/canaries.ts'
import { createShiftedClock } from '../support/flow.ts'
import { type PairStage, SERVICES, setClient, testPairOnBothFronts } from '../support/pair-stage.ts'

const NAMES = ['agent', 'reports', 'billing', 'jobs', 'robots', 'grants', 'models', 'feed']
const SECRETS = ['web-gateway', 'model-gateway', 'model-robot', 'model-grantee'].map((id) => `${id}-test-secret`)
const ROUTES =
  `${NAMES.map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true, via: [session, bearer] } }`).join('')}
`.replace(
    'service: models, require: { login: true, via: [session, bearer] }',
    'service: models, require: { login: true }',
  )

const clock = createShiftedClock()
let backchannels: Backchannel[] = []

async function askEverything(stage: PairStage, browser: Pick<ReturnType<PairStage['browser']>, 'fetch'>, headers = {}) {
  for (const name of NAMES) await browser.fetch(stage.url(`/${name}/x`), { headers })
}

testPairOnBothFronts(
  'no token of any kind leaves its place, whatever becomes of it',
  async (stage, t) => {
    t.after(async () => {
      for (const backchannel of backchannels.splice(0)) await backchannel.close()
    })
    const answers: BrowserAnswer[] = []
    const visit = () => recordAnswers(stage.browser(), answers)
    const alice = visit()
    await alice.logIn(stage.url('/reports/x'), { username: 'alice', password: '' })
    await alice.follow(stage.url('/models/x'))
    await askEverything(stage, alice)
    const bearer = stage.upstream.received[0]?.headers.authorization ?? ''
    const internal = stage.upstream.received.find(({ target }) => target === '/agent/x')?.headers.authorization ?? ''
    for (const authorization of [bearer, internal, `${bearer}x`]) await askEverything(stage, visit(), { authorization })
    await visit().fetch(stage.url(`/reports/x?access_token=${bearer.slice('Bearer '.length)}`))
    for (const fault of Object.values(FAULTS)) {
      clock.advance(61)
      for (const realm of [stage.realm, stage.models])
        for (let times = 0; times < 4; times += 1) realm.faults.once('token', fault)
      await askEverything(stage, alice)
      for (const realm of [stage.realm, stage.models]) realm.faults.clear()
      clock.advance(-61)
      await alice.logIn(stage.url('/auth/login?force=true'), { username: 'alice', password: '' })
    }
    setClient(stage.realm, 'web-gateway', { exchange: false })
    await alice.logIn(stage.url('/auth/login?force=true'), { username: 'alice', password: '' })
    await askEverything(stage, alice)
    await alice.fetch(stage.url('/auth/user'))
    const { host, port } = stage.gateways[0]!.operatorAddress
    const metrics = (await createBrowser().fetch(`http://${host}:${port}/metrics`)).body
    await Promise.all(stage.gateways.map((gateway) => gateway.close()))

    const cage = createCanaryCage()
    for (const secret of SECRETS) cage.add('client secret', secret)
    for (const backchannel of backchannels) cage.addBackchannel(backchannel)
    for (const answer of answers) cage.addAnswer(answer)
    for (const { target, headers } of stage.upstream.received) {
      if (target.startsWith('/agent/')) cage.add('internal', headers.authorization?.slice('Bearer '.length))
    }
    const counts = cage.counts()
    for (const kind of ['access_token', 'refresh_token', 'internal'])
      assert.ok((counts[kind] ?? 0) >= 3, `${kind}: ${counts[kind]}`)

    cage.assertAbsent(await stage.log(), 'the log')
    cage.assertAbsent(JSON.stringify(stage.events), 'the events')
    cage.assertAbsent(metrics, 'the metrics')
    const own = answers.filter(({ url }) => url.startsWith(stage.publicUrl) && !url.includes('access_token'))
    for (const answer of own) assertAnswerClean(cage, answer, [stage.realm.issuer, stage.models.issuer])
    for (const { target, rawHeaders } of stage.upstream.received) {
      const headers = [...rawHeaders]
      const at = headers.indexOf('authorization')
      assert.equal(at === -1, target.startsWith('/feed/'), target)
      if (at !== -1) headers.splice(at, 2)
      cage.assertAbsent([target, ...headers].join('\n'), `the request ${target}`)
    }
    for (const file of await readdir(join(stage.folder, 'store'))) {
      cage.assertAbsent(await readFile(join(stage.folder, 'store', file), 'latin1'), `the store's ${file}`)
    }
  },
  {
    gateway: { clock: clock.now },
    services: SERVICES,
    routes: ROUTES,
    pair: { settings: { revokeRefreshToken: true, refreshTokenMaxReuse: 1 } },
    async backchannel(realmUrl) {
      const backchannel = await openBackchannel(realmUrl)
      backchannels = [...backchannels, backchannel]
      return backchannel.origin
    },
  },
)
