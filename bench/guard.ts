// What a repeated token costs a service: the guard, with and without what it remembers, beside plain jose. CPU time of
// this process per verification, in turns. `npm run bench:guard -- [--rounds 9] [--json]`
import { parseArgs } from 'node:util'
import { createGuard } from '@doorman/resource-server'
import { type CryptoKey, createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'
import { spread } from './statistics.ts'

const ISSUER = 'https://app.example.com'
const AUDIENCE = 'reports'
const VERIFICATIONS = 2_000
const MAX_ROUNDS = 50

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) throw new RangeError(`1 to ${MAX_ROUNDS} rounds`)

type Verify = (token: string) => Promise<unknown>

interface Contest {
  readonly algorithm: string
  readonly token: string
  readonly jose: Verify
  readonly remembering: Verify
  readonly forgetful: Verify
}

async function prepare(algorithm: 'RS256' | 'ES256' | 'EdDSA'): Promise<Contest> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'bench', alg: algorithm, use: 'sig' }
  const keySet = createLocalJWKSet({ keys: [jwk] })
  const guardWith = (cachedTokens: number) =>
    createGuard({
      gateway: { issuer: ISSUER, jwksUrl: `${ISSUER}/jwks`, algorithms: [algorithm] },
      audience: AUDIENCE,
      cachedTokens,
      fetch: async () => Response.json({ keys: [jwk] }),
    })
  const options = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', algorithms: [algorithm] }
  return {
    algorithm,
    token: await sign(algorithm, privateKey),
    jose: (token) => jwtVerify(token, keySet, options),
    remembering: guardWith(100).verify,
    forgetful: guardWith(0).verify,
  }
}

function sign(alg: string, key: CryptoKey): Promise<string> {
  return new SignJWT({ roles: ['user', 'researcher'], client_id: 'web-gateway', tenant: 'acme' })
    .setProtectedHeader({ alg, kid: 'bench', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('00000000-0000-4000-8000-000000000001')
    .setJti('a'.repeat(22))
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key)
}

async function measure(verify: Verify, token: string): Promise<number> {
  const before = process.cpuUsage()
  for (let count = 0; count < VERIFICATIONS; count += 1) await verify(token)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / VERIFICATIONS
}

async function compare({ algorithm, token, jose, remembering, forgetful }: Contest) {
  const measured = { jose: [] as number[], remembering: [] as number[], forgetful: [] as number[] }
  for (const verify of [jose, remembering, forgetful]) await measure(verify, token)
  for (let round = 0; round < rounds; round += 1) {
    measured.jose.push(await measure(jose, token))
    measured.remembering.push(await measure(remembering, token))
    measured.forgetful.push(await measure(forgetful, token))
  }
  const ratios = measured.jose.map((micros, round) => micros / (measured.remembering[round] ?? Number.NaN))
  return {
    algorithm,
    joseMicros: spread(measured.jose),
    guardMicros: spread(measured.remembering),
    guardWithoutMemoryMicros: spread(measured.forgetful),
    timesFewer: spread(ratios),
  }
}

const results = []
for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) results.push(await compare(await prepare(algorithm)))
if (values.json) {
  console.log(JSON.stringify({ results }, null, 2))
} else {
  console.log('| a repeated token | plain jose, µs | guard, µs | guard that remembers nothing, µs | times fewer |')
  console.log('|---|---|---|---|---|')
  for (const { algorithm, joseMicros, guardMicros, guardWithoutMemoryMicros, timesFewer } of results) {
    const cells = [joseMicros, guardMicros, guardWithoutMemoryMicros].map(({ median }) => median.toFixed(1))
    const { median, min, max } = timesFewer
    console.log(`| ${algorithm} | ${cells.join(' | ')} | ${median.toFixed(0)} (${min.toFixed(0)}-${max.toFixed(0)}) |`)
  }
}
