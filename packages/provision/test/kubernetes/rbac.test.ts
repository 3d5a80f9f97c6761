import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadAllYaml } from '@kubernetes/client-node'
import { buildRbac, renderRbac } from '../../src/kubernetes/rbac.ts'
import { renderYaml } from '../../src/kubernetes/yaml.ts'
import type { WantedDelivery } from '../../src/wanted/wanted.ts'

const ACCOUNT = { namespace: 'doorman', serviceAccount: 'provisioner' }

function delivery(changes: Partial<Extract<WantedDelivery, { kind: 'kubernetes' }>> = {}): WantedDelivery {
  return {
    kind: 'kubernetes',
    namespaces: ['ml'],
    name: 'mlflow-oidc',
    keys: { OIDC_CLIENT_ID: '{{clientId}}' },
    labels: {},
    restart: [],
    ...changes,
  }
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly rules: unknown
  readonly subjects: unknown
  readonly roleRef: { readonly name: string }
}

function manifests(...deliveries: readonly WantedDelivery[]): readonly Manifest[] {
  // Without the library's classes.
  return JSON.parse(JSON.stringify(loadAllYaml(renderRbac(deliveries, ACCOUNT))))
}

test('each namespace gets a role and a binding to the service account', () => {
  const found = manifests(delivery({ namespaces: ['otel', 'ml'] }))
  assert.deepEqual(
    found.map(({ kind, metadata }) => [kind, metadata.namespace]),
    [
      ['Role', 'ml'],
      ['RoleBinding', 'ml'],
      ['Role', 'otel'],
      ['RoleBinding', 'otel'],
    ],
  )
  const binding = found[1]
  assert.deepEqual(binding?.subjects, [{ kind: 'ServiceAccount', namespace: 'doorman', name: 'provisioner' }])
  assert.equal(binding?.roleRef.name, found[0]?.metadata.name)
})

test('a role names the Secrets and the workloads of its namespace alone', () => {
  const [role] = manifests(
    delivery({ restart: [{ kind: 'Deployment', name: 'mlflow' }] }),
    delivery({ name: 'a-secret', restart: [{ kind: 'Deployment', name: 'mlflow' }] }),
    delivery({ name: 'elsewhere', namespaces: ['otel'], restart: [{ kind: 'DaemonSet', name: 'collector' }] }),
  )
  assert.deepEqual(role?.rules, [
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: ['a-secret', 'mlflow-oidc'],
      verbs: ['get', 'create', 'patch'],
    },
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['mlflow'], verbs: ['get', 'patch'] },
  ])
})

test('no rule is without names, which would allow all of them', () => {
  for (const { rules } of manifests(delivery()).filter(({ kind }) => kind === 'Role')) {
    for (const { resourceNames } of rules as readonly { resourceNames: readonly string[] }[]) {
      assert.notEqual(resourceNames.length, 0)
    }
  }
})

test('deliveries to files and commands need nothing of a cluster', () => {
  assert.deepEqual(buildRbac([{ kind: 'file', path: './secret', template: '{{clientSecret}}' }], ACCOUNT), [])
})

test('names that YAML would read as something else stay names', () => {
  const names = ['true', 'no', '1e3', '0755', 'null', 'y', 'a.b-c', '12']
  assert.deepEqual(loadAllYaml(renderYaml({ names, nested: [{ '1': 'x' }, ['off', '~']] })), [
    { names, nested: [{ '1': 'x' }, ['off', '~']] },
  ])
})
