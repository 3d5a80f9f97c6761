// Every vector of Project Wycheproof for signatures, keys and their misuse, each as one test: the keys of its group are
// published as an issuer would, and the token is verified as that of the issuer.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { verifyJws } from '../src/jws.ts'
import { createKeySet } from '../src/key-set.ts'
import { parseJwsParts } from '../src/token-form.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  /** An object: the JSON serialization, which is no bearer token. */
  readonly jws?: string | object
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface Group {
  readonly comment: string
  readonly public?: object
  readonly private: object
  readonly tests: readonly Vector[]
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

function publish(group: Group) {
  const published = group.public ?? group.private
  const keys = 'keys' in published ? published.keys : [published]
  const call = async () => ({ status: 200, text: JSON.stringify({ keys }) })
  const options = { keySetSeconds: 300, keySetCooldownSeconds: 10, now: () => 0 }
  return createKeySet(options, call, async () => 'https://issuer.example/jwks')
}

/** The signature alone counts: what the vectors sign are no claims. */
async function isAccepted(jws: string, group: Group): Promise<boolean> {
  const parts = parseJwsParts(jws)
  if (parts === null) return false
  const verdict = await verifyJws(jws, parts.header, ALGORITHMS, publish(group))
  return verdict.kind === 'verified' || verdict.reason === 'claims'
}

/** Where we differ, and why. */
const DIFFERENT: Readonly<Record<string, { readonly accepted: boolean; readonly because: string }>> = {
  'signature 346': { accepted: false, because: 'the key is published for PS256 and the token says PS384' },
  'signature 347': { accepted: false, because: 'the key is published for "ES521", which is no algorithm' },
  'signature 350': { accepted: false, because: 'the key is published for PS256 and the token says PS384' },
  'signature 351': { accepted: false, because: 'the key is published for "ES521", which is no algorithm' },
  'key 7': { accepted: true, because: 'how an issuer makes its keys (ROCA) is its own affair' },
  'crypto 46': { accepted: true, because: 'how an issuer makes its keys (ROCA) is its own affair' },
}

function isAsymmetric(jws: string): boolean {
  const header = parseJwsParts(jws)?.header
  return typeof header?.alg === 'string' && ALGORITHMS.includes(header.alg)
}

for (const name of ['signature', 'key', 'crypto']) {
  const path = new URL(`corpus/wycheproof/json_web_${name}_test.json`, import.meta.url)
  const { testGroups }: { testGroups: readonly Group[] } = JSON.parse(readFileSync(path, 'utf8'))
  for (const group of testGroups) {
    for (const { tcId, comment, jws, result } of group.tests) {
      if (jws === undefined) continue
      const token = typeof jws === 'string' ? jws : JSON.stringify(jws)
      const different = DIFFERENT[`${name} ${tcId}`]
      const expected = different?.accepted ?? (result === 'valid' && isAsymmetric(token))
      const why = different === undefined ? '' : `: ${different.because}`
      test(`${name} ${tcId}: ${group.comment} ${comment} is ${expected ? 'accepted' : 'refused'}${why}`, async () => {
        assert.equal(await isAccepted(token, group), expected)
      })
    }
  }
}
