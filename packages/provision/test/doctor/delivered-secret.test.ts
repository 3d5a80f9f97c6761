import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { extractSecret, readDeliveredSecret } from '../../src/doctor/delivered-secret.ts'
import { SHAPES } from '../../src/wanted/shapes.ts'
import type { WantedDelivery } from '../../src/wanted/wanted.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorman-delivered-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const CLUSTER: WantedDelivery = {
  kind: 'kubernetes',
  namespaces: ['ml'],
  name: 'mlflow-oidc',
  keys: SHAPES.mlflow,
  labels: {},
  restart: [],
}

test('a secret is read as its consumer reads it, from the first place that is on this machine', async () => {
  const path = write(
    'mlflow.env',
    "# ours\nOIDC_CLIENT_ID=mlflow\nOIDC_CLIENT_SECRET='a secret-1#2'\n".replace('a secret', 'a-secret'),
  )
  const read = await readDeliveredSecret([CLUSTER, { kind: 'env-file', path, keys: SHAPES.mlflow }])
  assert.deepEqual(read, { kind: 'found', secret: 'a-secret-1#2', place: `file ${path}` })
})

test('a file by a template is read by that template', async () => {
  const template = '{"client": {"id": "{{clientId}}", "secret": "{{clientSecret}}"}}'
  const path = write('app.json', '{"client": {"id": "app", "secret": "the-secret"}}\n')
  const read = await readDeliveredSecret([{ kind: 'file', path, template }])
  assert.equal(read.kind === 'found' ? read.secret : undefined, 'the-secret')
})

test('what is elsewhere, absent or of another form is not read, and said', async () => {
  assert.equal((await readDeliveredSecret([])).kind, 'unread')
  assert.equal((await readDeliveredSecret([CLUSTER])).kind, 'unread')
  const absent: WantedDelivery = { kind: 'file', path: join(folder, 'absent'), template: '{{clientSecret}}' }
  assert.equal((await readDeliveredSecret([absent])).kind, 'unread')
  const path = write('other', 'something else')
  assert.equal((await readDeliveredSecret([{ kind: 'file', path, template: 'id={{clientSecret}}' }])).kind, 'unread')
})

test('signs of regular expressions in a template mean themselves', () => {
  assert.equal(extractSecret('a.b*(c) {{clientSecret}} [x]', 'a.b*(c) s3cret [x]'), 's3cret')
  assert.equal(extractSecret('a.b {{clientSecret}}', 'axb s3cret'), undefined)
  assert.equal(extractSecret('{{clientSecret}}:{{clientSecret}}', 'one:one'), 'one')
  assert.equal(extractSecret('{{clientSecret}}:{{clientSecret}}', 'one:two'), undefined)
  assert.equal(extractSecret('{{clientId}}', 'x'), undefined)
})
