import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, VALID, writeConfig } from '../support/command.ts'

const DELIVERIES = `
clients:
  collector:
    deliver:
      - { kubernetes: { namespaces: [ml, otel], name: collector-oidc, restart: [daemonset/collector] }, shape: otel }
      - { file: ./secret, template: "{{clientSecret}}" }
  reader:
    deliver: [{ kubernetes: { namespaces: [ml], name: reader-oidc }, shape: generic }]
`

const EXPECTED = `---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "doorman:gate:door"
  namespace: ml
  labels:
    app.kubernetes.io/managed-by: doorman
rules:
  - apiGroups: [""]
    resources: [secrets]
    resourceNames: [collector-oidc, reader-oidc]
    verbs: [get, create, patch]
  - apiGroups: [apps]
    resources: [daemonsets]
    resourceNames: [collector]
    verbs: [get, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: "doorman:gate:door"
  namespace: ml
  labels:
    app.kubernetes.io/managed-by: doorman
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: "doorman:gate:door"
subjects:
  - kind: ServiceAccount
    namespace: gate
    name: door
---
`

test('what the deliveries need is printed, without a credential for Keycloak', async () => {
  const file = writeConfig(VALID + DELIVERIES)
  const { exitCode, out, err } = await run(['rbac', '-c', file, '--namespace', 'gate', '--service-account', 'door'])
  assert.deepEqual([exitCode, err], [0, ''])
  assert.equal(out.slice(0, EXPECTED.length), EXPECTED)
  assert.equal(out.split('kind: RoleBinding').length - 1, 2)
})

test('a file that delivers nothing to a cluster needs no rights', async () => {
  const { exitCode, out } = await run(['rbac', '-c', writeConfig(VALID)])
  assert.deepEqual([exitCode, out], [0, ''])
})

test('a wrong file is told, and nothing is printed', async () => {
  const { exitCode, out } = await run(['rbac', '-c', writeConfig(`${VALID}\nclientz: {}\n`)])
  assert.deepEqual([exitCode, out], [78, ''])
})

test('a name that is none is refused', async () => {
  assert.equal((await run(['rbac', '-c', writeConfig(VALID), '--namespace', 'a b'])).exitCode, 1)
})
