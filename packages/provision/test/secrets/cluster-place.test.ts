import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliver } from '../../src/secrets/deliver.ts'
import type { ClusterContent, ClusterRestart, SecretCluster } from '../../src/secrets/delivery.ts'
import type { KeyedValues } from '../../src/secrets/values.ts'
import { buildSecretValues } from '../../src/secrets/values.ts'
import { SHAPES } from '../../src/wanted/shapes.ts'
import type { WantedDelivery } from '../../src/wanted/wanted.ts'

const values = buildSecretValues({
  clientId: 'phoenix',
  clientSecret: 'canary',
  issuer: 'https://sso.example.com/realms/main',
  internalUrl: 'http://keycloak:8080',
  redirectUris: [],
})

/** Stands for the cluster of the port: what there is in it, and what it was asked to restart. */
function createSmallCluster() {
  const secrets = new Map<string, KeyedValues>()
  const restarts: ClusterRestart[] = []
  const keyOf = ({ namespace, name }: Pick<ClusterContent, 'namespace' | 'name'>) => `${namespace}/${name}`
  const compare = (content: ClusterContent) => {
    const held = secrets.get(keyOf(content))
    if (held === undefined) return 'created'
    return JSON.stringify(held) === JSON.stringify(content.data) ? 'unchanged' : 'updated'
  }
  const cluster: SecretCluster = {
    readSecret: async (namespace, name) => secrets.get(keyOf({ namespace, name })),
    compareSecret: async (content) => compare(content),
    async applySecret(content) {
      const outcome = compare(content)
      secrets.set(keyOf(content), content.data)
      return outcome
    },
    async restart(request) {
      restarts.push(request)
      return 'restarted'
    },
  }
  return { cluster, secrets, restarts }
}

const delivery: WantedDelivery = {
  kind: 'kubernetes',
  namespaces: ['ml', 'lab'],
  name: 'phoenix-oidc',
  keys: SHAPES.phoenix,
  labels: { app: 'phoenix' },
  restart: [{ kind: 'Deployment', name: 'phoenix' }],
}

test('each namespace gets the Secret, keeps its own random value, and its workloads are replaced', async () => {
  const { cluster, secrets, restarts } = createSmallCluster()
  const tools = { folder: '/', owner: 'shop', openCluster: () => cluster, commandTimeoutSeconds: 1 }
  const results = await deliver([delivery], values, tools)
  assert.deepEqual(
    results.map((result) => result.kind === 'delivered' && [result.place, result.outcome, result.restarted]),
    [
      ['Secret phoenix-oidc in ml', 'created', ['Deployment phoenix in ml']],
      ['Secret phoenix-oidc in lab', 'created', ['Deployment phoenix in lab']],
    ],
  )
  assert.deepEqual(restarts[0]?.data, secrets.get('ml/phoenix-oidc'))
  const own = secrets.get('ml/phoenix-oidc')?.PHOENIX_SECRET
  const again = await deliver([delivery], { ...values, clientSecret: 'next' }, tools)
  assert.ok(again.every((result) => result.kind === 'delivered' && result.outcome === 'updated'))
  assert.equal(secrets.get('ml/phoenix-oidc')?.PHOENIX_SECRET, own)
  assert.equal(secrets.get('ml/phoenix-oidc')?.PHOENIX_OAUTH2_CLIENT_SECRET, 'next')
})

test('workloads are looked at also when the Secret was there: an earlier run may have been stopped in between', async () => {
  const { cluster, restarts } = createSmallCluster()
  const tools = { folder: '/', owner: 'shop', openCluster: () => cluster, commandTimeoutSeconds: 1 }
  await deliver([delivery], values, tools)
  restarts.length = 0
  await deliver([delivery], values, tools)
  assert.equal(restarts.length, 2)
})
